import { createTestKey, demoKey } from '@weir/testing';

const strategies = ['round-robin', 'least-requests', 'least-tokens-queued'] as const;

/**
 * The strategies push to the workers; `queued` is the last of them with a queue before it, and `guarded` with what a
 * fleet needs that may fail.
 */
export type Placement = (typeof strategies)[number] | 'queued' | 'guarded';

/** One to two steps of the engine: what waits beyond that waits in the queue. */
const pendingTokens = 4_000;

const model = 'sim-gpt';

/** They open nothing but this. */
export const keys = { demo: demoKey, greedy: createTestKey('greedy', 'weir-placement-greedy') };

/** All have the same workers; the client's model name chooses among them. */
const upstreamOf = (name: Placement, strategy: string, urls: readonly string[], more: object) => ({
  provider: 'openai-compatible',
  strategy,
  models: [model],
  aliases: { [name]: model },
  targets: urls,
  ...more,
});

const pushes = { queue: { maxWaiting: 0 } };
/** Longer than the longest prompt takes to be read. */
const firstByteMs = 8_000;

/** `urls`: one for each worker. */
export const toConfig = (urls: readonly string[]): object => ({
  version: 1,
  upstreams: {
    ...Object.fromEntries(
      strategies.map((strategy) => [strategy, upstreamOf(strategy, strategy, urls, pushes)]),
    ),
    queued: upstreamOf('queued', 'least-tokens-queued', urls, {
      queue: {
        maxPendingTokensPerTarget: pendingTokens,
        maxWaiting: 20_000,
        maxTenantShare: 1,
        timeoutMs: 110_000,
      },
    }),
    guarded: upstreamOf('guarded', 'least-tokens-queued', urls, {
      ...pushes,
      healthCheck: {
        type: 'http',
        path: '/health',
        intervalMs: 500,
        timeoutMs: 1_000,
        unhealthyThreshold: 2,
      },
      circuitBreaker: { failureThreshold: 3, openMs: 2_000 },
    }),
  },
  routes: [
    {
      name: 'urgent',
      match: { path: '/v1/chat/completions', headers: { 'x-class': 'urgent' } },
      api: 'openai.chat',
      priority: 'high',
    },
    {
      name: 'guarded',
      match: { path: '/v1/chat/completions', headers: { 'x-class': 'guarded' } },
      api: 'openai.chat',
      retry: { attempts: 3, perTryTimeoutMs: firstByteMs },
    },
  ],
  tenants: Object.entries(keys).map(([org, { entry }]) => ({ org, keys: [entry] })),
});
