import { createHash } from 'node:crypto';
import { startMesh, waitFor } from '@weir/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { readMetric } from './support/metrics.ts';

type Mesh = Awaited<ReturnType<typeof startMesh>>;

let mesh: Mesh | undefined;
afterEach(async () => {
  await mesh?.stop();
  mesh = undefined;
});

const secret = 'secret-of-one';
const sha256 = createHash('sha256').update(secret).digest('hex');
const match = (path: string) => ({ path, methods: ['POST'] });

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
    {
      org: 'acme',
      rateLimits: [{ requestsPerMinute: 60, burstRequests: 20 }],
      budgets: [{ name: 'daily', limit: 1_000_000, period: 'daily' }],
      keys: [{ id: 'k', sha256 }],
    },
    { org: 'free', keys: [{ id: 'k', sha256: createHash('sha256').update('unlimited').digest('hex') }] },
  ],
});

const call = async (running: Mesh, route: 'open' | 'closed', key = secret) => {
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

const start = async (): Promise<Mesh> => {
  mesh = await startMesh({ redis: true, replicas: { policy: 2 }, config });
  const running = mesh;
  const [first, second] = running.services.policy;
  for (const policy of [first, second]) {
    await waitFor(async () => (await readMetric(policy?.healthUrl ?? '', 'weir_policy_replicas')) === 2, {
      what: 'the policies to know each other',
    });
  }
  await waitFor(async () => (await call(running, 'open')).status === 200, { what: 'a first answer' });
  return mesh;
};

const aways = [
  {
    what: 'is killed',
    leave: (running: Mesh) => running.redis().kill('SIGKILL'),
    comeBack: (running: Mesh) => running.redis().restart(),
  },
  {
    what: 'keeps its connections and answers nobody',
    leave: async (running: Mesh) => running.redis().pause(),
    comeBack: async (running: Mesh) => running.redis().resume(),
  },
];

describe.each(aways)('a limit store that $what', ({ leave, comeBack }) => {
  it('refuses or lets a share through within 50 ms, as the route says, and is used again when it is back', async () => {
    const running = await start();
    await leave(running);
    const refused = await waitFor(
      async () => {
        const quickest = await quickestOf(5, () => call(running, 'closed'));
        return quickest?.status === 503 ? quickest : undefined;
      },
      { what: 'a refusal' },
    );
    expect(refused.code).toBe('limits_unavailable');
    // Beside the decision, the way there and back.
    expect(refused.tookMs).toBeLessThan(50 + 20);

    const statuses = [];
    for (let count = 0; count < 30; count += 1) statuses.push((await call(running, 'open')).status);
    const passed = statuses.filter((status) => status === 200).length;
    // Two policies with ten of the twenty each, and what the time of thirty calls adds.
    expect(passed).toBeGreaterThanOrEqual(15);
    expect(passed).toBeLessThanOrEqual(26);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));

    // Who has no limits does not notice.
    expect((await call(running, 'closed', 'unlimited')).status).toBe(200);

    await comeBack(running);
    await waitFor(async () => [200, 429].includes((await call(running, 'closed')).status), {
      what: 'the store to be asked again',
      timeoutMs: 20_000,
    });
  });
});
