import type { TargetStatus } from '@weir/contracts';
import { expect, test } from 'vitest';
import type { CommandContext } from '../command.ts';
import { targetsCommand } from './targets.ts';

const status: TargetStatus = {
  upstream: 'gpu',
  target: 'b',
  address: 'http://b:8000',
  verdict: 'unhealthy',
  sentence: 'Health checks fail: ECONNREFUSED.',
  penalty: 1,
  load: { pendingTokens: 12, running: 3, firstByteMs: 41.6 },
  adapters: [{ instance: 'adapter-a', circuit: 'closed', check: 'unhealthy', checkFailure: 'ECONNREFUSED' }],
};

const run = async (args: readonly string[]) => {
  let out = '';
  const asked: unknown[] = [];
  const context = {
    admin: () => ({
      call: async (...call: unknown[]) => {
        asked.push(call);
        return { body: { data: [status], scheduler: 's', complete: true }, text: '', etag: undefined };
      },
    }),
    out: async (text: string) => {
      out += text;
    },
  } as unknown as CommandContext;
  const code = await targetsCommand.run(args, context);
  return { code, out, asked };
};

test('prints a line for each target, with the reason at its end', async () => {
  const { code, out, asked } = await run(['--upstream', 'gpu']);
  expect(code).toBe(0);
  expect(asked).toEqual([['GET', '/targets', { query: { upstream: 'gpu' } }]]);
  const [head, line] = out.split('\n');
  expect(head?.split(/ +/)).toEqual([
    ...['upstream', 'target', 'verdict', 'running', 'pending', 'rate', 'firstByteMs', 'adapters'],
    ...['address', 'why'],
  ]);
  expect(line?.replaceAll(/ +/g, ' ')).toBe(
    'gpu b unhealthy 3 12 42 1 http://b:8000 Health checks fail: ECONNREFUSED.',
  );
});

test('prints all of it as JSON', async () => {
  expect(JSON.parse((await run(['--json'])).out)).toMatchObject({ data: [status] });
});
