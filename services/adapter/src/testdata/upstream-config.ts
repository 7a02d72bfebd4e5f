import type { UpstreamConfig } from '@weir/contracts';

/** An upstream with one target, as the configuration fills it in. */
export const upstreamConfig = (url: string, change: Partial<UpstreamConfig> = {}): UpstreamConfig => ({
  provider: 'openai',
  targets: [{ name: 't0', url, weight: 1 }],
  strategy: 'least-tokens-queued',
  slowStartMs: 10_000,
  models: [],
  aliases: {},
  timeouts: { connectMs: 1_000, headMs: 1_000, idleMs: 1_000 },
  connectionPool: { maxConnections: 4, maxPending: 4, idleTimeoutMs: 1_000, pipelining: 1 },
  queue: { maxWaiting: 0, maxWaitingBytes: 0, maxTenantShare: 1, timeoutMs: 1_000 },
  onDisconnect: 'abort',
  forwardHeaders: [],
  countTokens: 'upstream',
  embeddings: 'as-is',
  askUsage: true,
  providerQuota: 'ignore',
  ...change,
});
