import { demoKey, isAttached, type MeshService, waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { bearer, call, type RawAnswer } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { createSimulatorAdmin } from './support/simulator-admin.ts';

const targetsOf = (urls: readonly string[]) => urls.map((url, at) => ({ name: `t${at}`, url }));

/** A sample of a service's metrics, undefined where there is none. */
const sampleOf = async (
  { healthUrl }: MeshService,
  name: string,
  ...labels: string[]
): Promise<number | undefined> => {
  const text = await (await fetch(`${healthUrl}/metrics`)).text();
  const line = text
    .split('\n')
    .find((one) => one.startsWith(`${name}{`) && labels.every((label) => one.includes(label)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
};

const ask = (
  baseUrl: string,
  model: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> =>
  call(`${baseUrl}/v1/chat/completions`, {
    headers: { ...bearer(key), ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
  });

/** Occupies so many tokens of a worker's KV cache, past the gateway, until it is let go. */
const occupy = (url: string, tokens: number): (() => void) => {
  const letGo = new AbortController();
  const content = 'word'.repeat(tokens);
  const body = JSON.stringify({ model: 'sim-gpt', stream: true, messages: [{ role: 'user', content }] });
  fetch(`${url}/v1/chat/completions`, { method: 'POST', body, signal: letGo.signal }).catch(() => undefined);
  return () => letGo.abort();
};

describe.skipIf(isAttached())('an adapter beside each of two workers', () => {
  const mesh = useMesh({
    simulators: 2,
    replicas: { adapter: 0 },
    config: (urls) => ({
      version: 1,
      upstreams: {
        gpu: {
          provider: 'openai-compatible',
          targets: targetsOf(urls),
          models: ['sim-gpt'],
          forwardHeaders: ['x-sim-*'],
        },
      },
      tenants: [{ org: 'demo', keys: [demoKey.entry] }],
    }),
  });

  const workers = () => mesh().mesh.simulators.map(({ url }) => createSimulatorAdmin(url));
  const countCalls = () => Promise.all(workers().map((worker) => worker.countCalls()));
  /** Its own pace, so that an answer does not wait for the engine. */
  const paced = { 'x-sim-ttft-ms': '5', 'x-sim-itl-ms': '1' };

  const spread = async (requests: number): Promise<readonly number[]> => {
    const before = await countCalls();
    for (let request = 0; request < requests; request += 1) {
      expect((await ask(mesh().baseUrl, 'sim-gpt', paced)).status).toBe(200);
    }
    return (await countCalls()).map((calls, at) => calls - (before[at] ?? 0));
  };

  it('reads its engine, and the one whose KV cache is full is left alone until it is not', async () => {
    const [first, second] = workers();
    if (first === undefined || second === undefined) throw new Error('no workers');
    // A step takes minutes, so what has begun stays.
    const stepping = { profile: '8b-h100', speedup: 0.001 };
    await Promise.all([first.configure(stepping), second.configure(stepping)]);
    const [beside] = await Promise.all(
      ['t0', 't1'].map((target) =>
        mesh().mesh.add('adapter', { WEIR_ADAPTER_POOL: 'gpu', WEIR_ADAPTER_TARGET: target }),
      ),
    );
    if (beside === undefined) throw new Error('no agent');
    const untilUsage = (holds: (usage: number) => boolean) =>
      waitFor(
        async () => {
          const usage = await sampleOf(beside, 'weir_engine_kv_usage_ratio', 'upstream="gpu"', 'target="t0"');
          return usage !== undefined && holds(usage);
        },
        { what: 'the agent to have read that', timeoutMs: 10_000 },
      );

    await untilUsage((usage) => usage === 0);
    const even = await spread(40);
    expect(Math.min(...even)).toBeGreaterThan(4);

    // Of 400,000. The other one has a request as well: what differs is the cache.
    const letGo = [occupy(first.url, 390_000), occupy(second.url, 100)];
    await waitFor(async () => (await second.active()) === 1, { what: 'the other worker to have begun' });
    await untilUsage((usage) => usage > 0.9);
    const [full = 0, empty = 0] = await spread(40);
    expect(full + empty).toBe(40);
    expect(full).toBeLessThanOrEqual(2);

    for (const end of letGo) end();
    await untilUsage((usage) => usage < 0.1);
    expect(Math.min(...(await spread(40)))).toBeGreaterThan(4);
  });
});

describe.skipIf(isAttached())('a limit of requests at a target', () => {
  const mesh = useMesh({
    simulators: 2,
    replicas: { scheduler: 2 },
    config: (urls) => ({
      version: 1,
      upstreams: {
        pair: {
          provider: 'openai-compatible',
          strategy: 'weighted',
          // Every scheduler wants the first one, so that they meet there.
          targets: targetsOf(urls).map((target, at) => ({ ...target, weight: at === 0 ? 1_000 : 0.001 })),
          models: ['sim-gpt'],
          forwardHeaders: ['x-sim-*'],
          maxRequestsPerTarget: 1,
        },
        single: {
          provider: 'openai-compatible',
          targets: urls.slice(0, 1),
          models: ['sim-gpt-mini'],
          forwardHeaders: ['x-sim-*'],
          maxRequestsPerTarget: 1,
          queue: { maxWaiting: 0 },
        },
      },
      // One attempt is allowed: what was turned away must not have counted.
      routes: [
        {
          name: 'chat',
          match: { path: '/v1/chat/completions' },
          retry: { attempts: 1 },
        },
      ],
      tenants: [{ org: 'demo', keys: [demoKey.entry] }],
    }),
  });

  it('turns away what two schedulers send there at once, and the other target answers it', async () => {
    const [adapter] = mesh().mesh.services.adapter;
    if (adapter === undefined) throw new Error('no adapter');
    const busyOf = async (): Promise<number> =>
      (await sampleOf(adapter, 'weir_upstream_busy_total', 'upstream="pair"')) ?? 0;
    const paced = { 'x-sim-ttft-ms': '30', 'x-sim-itl-ms': '1' };
    const statuses: number[] = [];
    await waitFor(
      async () => {
        const answers = await Promise.all([0, 1].map(() => ask(mesh().baseUrl, 'sim-gpt', paced)));
        statuses.push(...answers.map(({ status }) => status));
        return (await busyOf()) >= 3;
      },
      { what: 'three requests to be turned away', timeoutMs: 60_000 },
    );
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    const [preferred = 0, other = 0] = await Promise.all(
      mesh().mesh.simulators.map(({ url }) => createSimulatorAdmin(url).countCalls()),
    );
    expect(preferred + other).toBe(statuses.length);
    expect(other).toBeGreaterThanOrEqual(3);
  });

  it('is answered at once where there is no other target', async () => {
    const slow = { 'x-sim-ttft-ms': '3000', 'x-sim-itl-ms': '1' };
    const first = ask(mesh().baseUrl, 'sim-gpt-mini', slow);
    const [simulator] = mesh().mesh.simulators.map(({ url }) => createSimulatorAdmin(url));
    await waitFor(async () => (await simulator?.active()) === 1, { what: 'the first to be under way' });
    const second = await ask(mesh().baseUrl, 'sim-gpt-mini', slow);
    expect(second.status).toBe(503);
    expect(JSON.parse(second.body.toString())).toMatchObject({ error: { code: 'saturated' } });
    expect((await first).status).toBe(200);
  });
});
