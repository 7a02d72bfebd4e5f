import { demoKey, isAttached, waitFor } from '@weir/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { type GatedUpstream, startGatedUpstream } from './support/gated-upstream.ts';
import { bearer, call } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { createSimulatorAdmin } from './support/simulator-admin.ts';

const upstream = (strategy: string, model: string, urls: readonly string[]) => ({
  provider: 'openai-compatible',
  strategy,
  models: [model],
  targets: urls.map((url, position) => ({ name: `t${position}`, url, weight: position === 0 ? 9 : 1 })),
});

const configOf = (urls: readonly string[], gated: readonly GatedUpstream[]) => ({
  version: 1,
  upstreams: {
    shares: upstream('weighted', 'sim-gpt', urls),
    turns: upstream('round-robin', 'sim-gpt-mini', urls),
    quick: { ...upstream('least-latency', 'sim-claude', urls), targets: urls },
    reading: { ...upstream('least-tokens-queued', 'reading', urls), targets: urls },
    heavy: {
      ...upstream('least-tokens-queued', 'heavy', []),
      targets: gated.map(({ url }, position) => ({ url, weight: position === 0 ? 3 : 1 })),
    },
  },
  tenants: [{ org: 'demo', keys: [demoKey.entry] }],
});

describe.skipIf(isAttached())('the strategy of an upstream', () => {
  let gated: readonly GatedUpstream[] = [];

  const mesh = useMesh(async () => {
    gated = [await startGatedUpstream(), await startGatedUpstream()];
    return { simulators: 2, config: (urls) => configOf(urls, gated) };
  });

  afterAll(() => Promise.all(gated.map((one) => one.close())));

  const countCalls = (): Promise<readonly number[]> =>
    Promise.all(mesh().mesh.simulators.map(({ url }) => createSimulatorAdmin(url).countCalls()));

  /** How many of the requests each target had, by its own count. */
  const spread = async (model: string, requests: number): Promise<readonly number[]> => {
    const before = await countCalls();
    const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hello' }] });
    for (let request = 0; request < requests; request += 1) {
      const answer = await call(`${mesh().baseUrl}/v1/chat/completions`, { headers: bearer(key), body });
      expect(answer.status).toBe(200);
    }
    return (await countCalls()).map((calls, position) => calls - (before[position] ?? 0));
  };

  it('weighted: gives each target its share of the requests', async () => {
    const [heavy = 0, light = 0] = await spread('sim-gpt', 100);
    expect(heavy + light).toBe(100);
    // Nine tenths of 100, within five standard deviations.
    expect(heavy).toBeGreaterThan(75);
    expect(light).toBeGreaterThan(0);
  });

  it('round-robin: takes turns, whatever the weight', async () => {
    expect(await spread('sim-gpt-mini', 20)).toEqual([10, 10]);
  });

  it('least-latency: tries each target, stays with the quick one, and leaves it when it is slow', async () => {
    const answerWithin = (...ttftMs: readonly number[]) =>
      Promise.all(
        mesh().mesh.simulators.map(({ url }, position) =>
          createSimulatorAdmin(url).configure({
            profile: 'paced',
            ttftMs: ttftMs[position] ?? 0,
            itlMs: 0,
          }),
        ),
      );
    await answerWithin(150, 1);
    const [slow = 0, quick = 0] = await spread('sim-claude', 40);
    expect(slow).toBeGreaterThan(0);
    expect(slow).toBeLessThan(8);
    expect(quick).toBe(40 - slow);
    await answerWithin(1, 300);
    const [nowQuick = 0] = await spread('sim-claude', 30);
    expect(nowQuick).toBeGreaterThan(20);
  });

  it('least-tokens-queued: goes where the fewest tokens wait to be read, however many requests they are', async () => {
    const simulators = mesh().mesh.simulators.map(({ url }) => createSimulatorAdmin(url));
    const activeAt = () => Promise.all(simulators.map(({ active }) => active()));
    for (const { configure } of simulators) {
      await configure({ profile: '3b-l40s', speedup: 0.5, models: ['reading'] });
    }
    const ask = (content: string, signal?: AbortSignal) =>
      fetch(`${mesh().baseUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: bearer(key),
        body: JSON.stringify({ model: 'reading', stream: true, messages: [{ role: 'user', content }] }),
        signal: signal ?? null,
      }).then((answer) => answer.text());
    const leaving = new AbortController();
    // 24,000 tokens: seconds of reading.
    const long = ask('word'.repeat(24_000), leaving.signal);
    const busy = await waitFor(
      async () => {
        const active = await activeAt();
        return active.includes(1) && active;
      },
      { what: 'a target to be busy' },
    );
    const before = await countCalls();
    // Each has the others beside it, so that by requests the one with the long prompt would be the idle one.
    await Promise.all(Array.from({ length: 8 }, () => ask('Hello [[tokens:2]]')));
    const after = await countCalls();
    expect(await activeAt()).toEqual(busy);
    expect(after.map((calls, position) => calls - (before[position] ?? 0))).toEqual(
      busy.map((active) => (active === 1 ? 0 : 8)),
    );
    leaving.abort();
    await expect(long).rejects.toThrow();
  });

  it('least-tokens-queued: by weight, as long as nobody knows how fast the targets are', async () => {
    for (const { calls } of gated) calls.answerWith('hold');
    const heldAt = () => gated.map(({ calls }) => calls.held());
    const body = JSON.stringify({
      model: 'heavy',
      messages: [{ role: 'user', content: 'word'.repeat(500) }],
    });
    const answers = Array.from({ length: 40 }, () =>
      call(`${mesh().baseUrl}/v1/chat/completions`, { headers: bearer(key), body }),
    );
    const [heavy = 0, light = 0] = await waitFor(
      () => {
        const held = heldAt();
        return held.reduce((sum, count) => sum + count, 0) === answers.length && held;
      },
      { what: 'all requests to be placed' },
    );
    for (const { calls } of gated) calls.release(200);
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
    // Three quarters. What a request costs beside its tokens moves that by one or two.
    expect(heavy).toBeGreaterThanOrEqual(28);
    expect(heavy).toBeLessThanOrEqual(32);
    expect(light).toBe(40 - heavy);
  });
});
