import type { NatsBus } from '@weir/messaging';
import { expect, test } from 'vitest';
import { createGrantSigner, loadGrantSecret } from './grant-signer.ts';
import type { ServiceContext } from './service-context.ts';

const signer = createGrantSigner('a secret of thirty-two characters');

test('what was signed is verified by anyone with the same secret', () => {
  const mac = signer.sign('text');
  expect(mac).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(createGrantSigner('a secret of thirty-two characters').verify('text', mac)).toBe(true);
});

test.each([
  ['another text', 'other', signer.sign('text')],
  ['another secret', 'text', createGrantSigner('another secret of enough characters').sign('text')],
  ['a cut mac', 'text', signer.sign('text').slice(0, 20)],
  ['an empty mac', 'text', ''],
  ['no base64url at all', 'text', '!!!'],
])('%s is refused', (_what, text, mac) => {
  expect(signer.verify(text, mac)).toBe(false);
});

test('a secret from the environment needs no bus, and a short one is refused by its length only', async () => {
  const load = (secret: string) =>
    loadGrantSecret({ env: { WEIR_GRANT_SECRET: secret } } as unknown as ServiceContext, {} as NatsBus);
  const long = 'x'.repeat(32);
  await expect(load(long)).resolves.toBe(long);
  await expect(load('hunter2')).rejects.toThrow('found 7 characters');
});
