import { encodeHoldMessage, type HoldMessage } from '@weir/contracts';
import { expect, it, vi } from 'vitest';
import { createHoldMessages } from './hold-message.ts';

const setUp = () => {
  const store = {
    extend: vi.fn(async () => undefined),
    finish: vi.fn(async () => undefined),
    release: vi.fn(async () => undefined),
  };
  const onError = vi.fn();
  const hear = createHoldMessages({ store, ttlMs: 60_000, settleTtlMs: 900_000, onError });
  const say = (kind: HoldMessage['kind'], more: Pick<HoldMessage, 'accounts'> = {}) =>
    hear({ data: encodeHoldMessage({ v: 1, kind, ids: ['a', 'b'], ...more }) });
  return { store, onError, hear, say };
};

it('keeps what a running request holds for one time, and what a finished one holds for another', async () => {
  const { store, say } = setUp();
  for (const kind of ['extend', 'finish', 'release'] as const) await say(kind);
  expect(store.extend.mock.calls).toEqual([[['a', 'b'], 60_000]]);
  expect(store.finish.mock.calls).toEqual([[['a', 'b'], 900_000, undefined]]);
  expect(store.release.mock.calls).toEqual([[['a', 'b']]]);
});

it('says of how many attempts accounts are waited for', async () => {
  const { store, say } = setUp();
  await say('finish', { accounts: 2 });
  expect(store.finish.mock.calls).toEqual([[['a', 'b'], 900_000, 2]]);
});

it('passes over what is no hold message, and only reports what fails', async () => {
  const { store, onError, hear, say } = setUp();
  await hear({ data: new TextEncoder().encode('{"v":1}') });
  const away = new Error('away');
  store.finish.mockRejectedValueOnce(away);
  await say('finish');
  expect(onError.mock.calls).toEqual([[away]]);
});
