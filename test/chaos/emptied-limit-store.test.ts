import { createHash } from 'node:crypto';
import { counterText } from '@weir/contracts';
import { periodAt } from '@weir/limits';
import { startMesh, waitFor } from '@weir/testing';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { openBudgetReader } from './support/budget-state.ts';

const secret = 'secret-of-one';
const sha256 = createHash('sha256').update(secret).digest('hex');

const start = async () => {
  const mesh = await startMesh({
    redis: true,
    replicas: { policy: 2 },
    // A busy machine must not turn limits into `limits_unavailable`.
    env: { WEIR_POLICY_STORE_TIMEOUT_MS: '2000' },
    config: (urls: readonly string[]) => ({
      version: 1,
      upstreams: { sim: { provider: 'openai-compatible', targets: [urls[0]], models: ['sim-gpt'] } },
      tenants: [
        {
          org: 'acme',
          budgets: [{ name: 'daily', unit: 'requests', limit: 5, period: 'daily' }],
          keys: [{ id: 'k', sha256 }],
        },
      ],
    }),
  });
  onTestFinished(() => mesh.stop());
  const call = async (): Promise<number> => {
    const answer = await fetch(`${mesh.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sim-gpt', messages: [{ role: 'user', content: '[[tokens:2]] go' }] }),
      signal: AbortSignal.timeout(10_000),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  return { mesh, call };
};

it('a limit store that is emptied while the ledger rests has what was spent again, before it lets anybody through', async () => {
  const { mesh, call } = await start();
  const budgets = await openBudgetReader(mesh.nats().url);
  onTestFinished(() => budgets.close());
  const counter = counterText({
    unit: 'requests',
    scope: 'org:acme',
    budget: 'daily',
    ...periodAt('daily', 'UTC', Date.now()),
  });
  const untilSpent = (spent: bigint) =>
    waitFor(async () => (await budgets.read([counter]))[0]?.spent === spent, {
      what: `${spent} to be spent`,
    });
  for (let count = 0; count < 3; count += 1) expect(await call()).toBe(200);
  await untilSpent(3n);

  const redis = new Redis(mesh.redis().url);
  onTestFinished(() => redis.disconnect());
  await redis.flushall();
  const statuses: number[] = [];
  await waitFor(
    async () => {
      statuses.push(await call());
      return statuses.at(-1) === 429;
    },
    { what: 'the budget to be spent', timeoutMs: 20_000 },
  );
  expect(statuses.filter((status) => status === 200)).toHaveLength(2);
  expect(new Set(statuses)).toEqual(new Set([503, 200, 429]));
  await untilSpent(5n);
});
