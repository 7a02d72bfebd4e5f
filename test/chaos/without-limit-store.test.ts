import {
  createTestKey,
  type StallingProxy,
  startMesh,
  startRedis,
  startStallingProxy,
  type TestRedis,
  waitFor,
} from '@weir/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sumMetric } from './support/metrics.ts';

type Mesh = Awaited<ReturnType<typeof startMesh>>;

const secretOf = (org: string): string => `secret of ${org}`;
const match = (path: string) => ({ path, methods: ['POST'] });

interface Running extends Mesh {
  readonly store: TestRedis;
  /** The network between the policies and the store. */
  readonly network: StallingProxy;
}

const silences = [
  { org: 'cut-off', what: 'is cut off without a word', passage: 'swallow' },
  { org: 'late', what: 'takes 200 ms each way', passage: { lateMs: 200 } },
] as const;

const unknowns = silences.map((silence) => ({ ...silence, org: `${silence.org}-unknown` }));

const aways = [
  {
    org: 'killed',
    what: 'is killed',
    leave: (running: Running) => running.store.kill('SIGKILL'),
    comeBack: (running: Running) => running.store.restart(),
  },
  {
    org: 'paused',
    what: 'keeps its connections and answers nobody',
    leave: async (running: Running) => running.store.pause(),
    comeBack: async (running: Running) => running.store.resume(),
  },
  ...silences.map(({ org, what, passage }) => ({
    org,
    what,
    leave: async (running: Running) => running.network.set(passage),
    comeBack: async (running: Running) => running.network.set('pass'),
  })),
];

/** Each test has limits of its own, of which nothing is used yet. */
const limited = (org: string): object => ({
  org,
  rateLimits: [{ requestsPerMinute: 60, burstRequests: 20 }],
  budgets: [{ name: 'daily', limit: 1_000_000, period: 'daily' }],
  keys: [createTestKey('k', secretOf(org)).entry],
});

const config = (urls: readonly string[]): object => ({
  version: 1,
  upstreams: { sim: { provider: 'openai-compatible', targets: [urls[0]], models: ['sim-gpt'] } },
  routes: [
    {
      name: 'closed',
      match: match('/closed/v1/chat/completions'),
      stripPrefix: '/closed',
      failureMode: 'closed',
    },
    { name: 'open', match: match('/open/v1/chat/completions'), stripPrefix: '/open', failureMode: 'open' },
  ],
  tenants: [
    ...[...aways, ...unknowns].map(({ org }) => limited(org)),
    { org: 'free', keys: [createTestKey('k', 'unlimited').entry] },
  ],
});

const call = async (running: Mesh, route: 'open' | 'closed', key: string) => {
  const startedAt = performance.now();
  const answer = await fetch(`${running.baseUrl}/${route}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sim-gpt', messages: [{ role: 'user', content: '[[tokens:2]] go' }] }),
    signal: AbortSignal.timeout(10_000),
  });
  const body = (await answer.json()) as { error?: { code?: string } };
  return { status: answer.status, code: body.error?.code, tookMs: performance.now() - startedAt };
};

/** The quickest of some: on a busy machine others are late for reasons of their own. */
const quickestOf = async (count: number, one: () => ReturnType<typeof call>) => {
  const calls = [];
  for (let index = 0; index < count; index += 1) calls.push(await one());
  return calls.toSorted((left, right) => left.tookMs - right.tookMs)[0];
};

const sumOf = ({ services }: Mesh, name: string): Promise<number> => sumMetric(services.policy, name);

let running: Running;

beforeAll(async () => {
  const store = await startRedis({ persist: true });
  const network = await startStallingProxy(store.port);
  const mesh = await startMesh({
    replicas: { policy: 2 },
    config,
    env: { WEIR_REDIS_URL: `redis://127.0.0.1:${network.port}` },
  });
  running = { ...mesh, store, network };
  await waitFor(async () => (await sumOf(running, 'weir_policy_replicas')) === 4, {
    what: 'the policies to know each other',
  });
});
afterEach(() =>
  waitFor(async () => (await sumOf(running, 'weir_policy_limit_store_up')) === 2, {
    what: 'both policies to have the store again',
    timeoutMs: 20_000,
  }),
);
afterAll(async () => {
  await running?.stop();
  await running?.network.close();
  await running?.store.stop();
});

const untilFirstAnswer = (key: string): Promise<unknown> =>
  waitFor(async () => (await call(running, 'open', key)).status === 200, { what: 'a first answer' });

/** Brings the store back whatever happened: the next test needs it. */
const whileAway = async (
  { leave, comeBack }: (typeof aways)[number],
  work: () => Promise<void>,
): Promise<void> => {
  await leave(running);
  try {
    await work();
  } finally {
    await comeBack(running);
  }
};

describe.each(aways)('a limit store that $what', (away) => {
  it('refuses or lets a share through within 50 ms, as the route says, and is used again when it is back', async () => {
    const key = secretOf(away.org);
    await untilFirstAnswer(key);
    await whileAway(away, async () => {
      const refused = await waitFor(
        async () => {
          const quickest = await quickestOf(5, () => call(running, 'closed', key));
          return quickest?.status === 503 ? quickest : undefined;
        },
        { what: 'a refusal' },
      );
      expect(refused.code).toBe('limits_unavailable');
      // Beside the decision, the way there and back.
      expect(refused.tookMs).toBeLessThan(50 + 20);

      const statuses = [];
      for (let count = 0; count < 30; count += 1) statuses.push((await call(running, 'open', key)).status);
      const passed = statuses.filter((status) => status === 200).length;
      // Two policies with ten of the twenty each, and what the time of thirty calls adds.
      expect(passed).toBeGreaterThanOrEqual(15);
      expect(passed).toBeLessThanOrEqual(26);
      expect(new Set(statuses)).toEqual(new Set([200, 429]));

      // Who has no limits does not notice.
      expect((await call(running, 'closed', 'unlimited')).status).toBe(200);
    });
    await waitFor(async () => [200, 429].includes((await call(running, 'closed', key)).status), {
      what: 'the store to be asked again',
      timeoutMs: 20_000,
    });
  });
});

/** From taking a request off the bus to its refusal: the time of the policies alone, of a mesh without other requests. */
const hopOf = async (one: () => ReturnType<typeof call>) => {
  const hopSeconds = 'weir_hop_duration_seconds_sum';
  const before = await sumOf(running, hopSeconds);
  const { status, code } = await one();
  return { status, code, hopMs: 1_000 * ((await sumOf(running, hopSeconds)) - before) };
};

describe.each(unknowns)('while nobody knows yet that the limit store $what', ({ org, passage }) => {
  it('the first request is refused within 50 ms, too', async () => {
    const key = secretOf(org);
    await untilFirstAnswer(key);
    const firsts: Awaited<ReturnType<typeof hopOf>>[] = [];
    for (let outage = 0; outage < 5; outage += 1) {
      running.network.set(passage);
      firsts.push(await hopOf(() => call(running, 'closed', key)));
      running.network.set('pass');
      await waitFor(
        async () =>
          (await sumOf(running, 'weir_policy_limit_store_up')) === 2 &&
          [200, 429].includes((await call(running, 'closed', key)).status),
        { what: 'the store to be asked again', timeoutMs: 20_000 },
      );
    }
    const figures = JSON.stringify(firsts);
    for (const { status, code } of firsts)
      expect([status, code], figures).toEqual([503, 'limits_unavailable']);
    // They did wait for the store, as nobody knew. One whose connection is just being made again is refused at once.
    const waits = firsts.map(({ hopMs }) => hopMs).filter((hopMs) => hopMs > 35);
    expect(waits.length, figures).toBeGreaterThanOrEqual(2);
    // The quickest: on a busy machine others are late for reasons of their own.
    expect(Math.min(...waits), figures).toBeLessThan(50);
  });
});
