import { demoKey, isAttached } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { bearer, call } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { createSimulatorAdmin } from './support/simulator-admin.ts';

const upstream = (strategy: string, model: string, urls: readonly string[]) => ({
  provider: 'openai-compatible',
  strategy,
  models: [model],
  targets: urls.map((url, position) => ({ name: `t${position}`, url, weight: position === 0 ? 9 : 1 })),
});

describe.skipIf(isAttached())('the strategy of an upstream', () => {
  const mesh = useMesh({
    simulators: 2,
    config: (urls) => ({
      version: 1,
      upstreams: {
        shares: upstream('weighted', 'sim-gpt', urls),
        turns: upstream('round-robin', 'sim-gpt-mini', urls),
        quick: { ...upstream('least-latency', 'sim-claude', urls), targets: urls },
      },
      tenants: [{ org: 'demo', keys: [demoKey.entry] }],
    }),
  });

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
    await answerWithin(300, 1);
    const [slow = 0, quick = 0] = await spread('sim-claude', 40);
    expect(slow).toBeGreaterThan(0);
    expect(slow).toBeLessThan(8);
    expect(quick).toBe(40 - slow);
    await answerWithin(1, 600);
    const [nowQuick = 0] = await spread('sim-claude', 30);
    expect(nowQuick).toBeGreaterThan(20);
  });
});
