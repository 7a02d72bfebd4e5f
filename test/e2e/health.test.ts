import type { TargetStatus } from '@weir/contracts';
import { demoKey, isAttached, waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { admin, adminMesh } from './support/admin-api.ts';
import { bearer, call, parseBody } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { createSimulatorAdmin } from './support/simulator-admin.ts';

const upstream = (model: string, urls: readonly string[], more: object) => ({
  provider: 'openai-compatible',
  strategy: 'round-robin',
  models: ['sim-gpt'],
  aliases: { [model]: 'sim-gpt' },
  targets: urls,
  ...more,
});

/** Nothing listens there. */
const nowhere = 'http://127.0.0.1:9';

describe.skipIf(isAttached())('a target that is not well', () => {
  const mesh = useMesh(
    adminMesh({
      simulators: 2,
      replicas: { scheduler: 2 },
      config: (urls) => ({
        version: 1,
        upstreams: {
          circuit: upstream('circuit', urls, { circuitBreaker: { failureThreshold: 3, openMs: 1_000 } }),
          alone: upstream('alone', urls.slice(0, 1), {
            circuitBreaker: { failureThreshold: 3, openMs: 4_000 },
          }),
          outlier: upstream('outlier', urls, {
            outlierDetection: { consecutiveErrors: 3, baseEjectionMs: 2_000 },
          }),
          checked: upstream('checked', urls, {
            healthCheck: {
              type: 'inference',
              expectedModels: ['sim-gpt'],
              intervalMs: 100,
              unhealthyThreshold: 2,
            },
          }),
          paged: upstream('paged', urls, {
            healthCheck: { type: 'http', path: '/health', intervalMs: 100, unhealthyThreshold: 2 },
          }),
          reached: upstream('reached', [urls[0] ?? '', nowhere], {
            healthCheck: { type: 'tcp', intervalMs: 100, unhealthyThreshold: 2 },
          }),
        },
        tenants: [{ org: 'demo', keys: [demoKey.entry] }],
      }),
    }),
  );

  const simulator = (place: number) => createSimulatorAdmin(mesh().mesh.simulators[place]?.url ?? '');

  const send = (model: string) =>
    call(`${mesh().baseUrl}/v1/chat/completions`, {
      headers: bearer(key),
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
    });

  const sendAll = async (model: string, requests: number): Promise<readonly number[]> => {
    const statuses: number[] = [];
    for (let request = 0; request < requests; request += 1) statuses.push((await send(model)).status);
    return statuses;
  };

  const countWhile = async (place: number, work: () => Promise<unknown>): Promise<number> => {
    const before = await simulator(place).countCalls();
    await work();
    return (await simulator(place).countCalls()) - before;
  };

  /** Values of a gauge of the schedulers, by target. */
  const gauge = async (name: string, model: string, target: string): Promise<number> => {
    const texts = await Promise.all(
      mesh().mesh.services.scheduler.map(async ({ healthUrl }) =>
        (await fetch(`${healthUrl}/metrics`)).text(),
      ),
    );
    const lines = texts.join('\n').split('\n');
    const wanted = lines.filter(
      (line) => line.startsWith(`${name}{`) && line.includes(`upstream="${model}"`),
    );
    return wanted
      .filter((line) => line.includes(`target="${target}"`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  };

  /** What the admin API says of the targets of an upstream. */
  const targetsOf = async (name: string): Promise<readonly TargetStatus[]> => {
    const answer = await admin(mesh().mesh, 'GET', `/targets?upstream=${name}`);
    expect(answer.status).toBe(200);
    return parseBody(answer).data;
  };

  const untilGauge = (name: string, model: string, target: string, value: number) =>
    waitFor(async () => (await gauge(name, model, target)) === value, {
      what: `${name} of ${model}/${target} to be ${value}`,
    });

  /** Faults are of one kind at a time, and gone after the work. */
  const whileFaulty = async (place: number, fault: object, work: () => Promise<void>): Promise<void> => {
    await simulator(place).configure({ fault });
    try {
      await work();
    } finally {
      await simulator(place).configure({ fault: null });
    }
  };

  it('circuit breaker: is spared after its failures, probed now and then, and used again', async () => {
    await whileFaulty(1, { name: '500' }, async () => {
      const tripping = await countWhile(1, async () => {
        expect(await sendAll('circuit', 20)).toEqual(Array(20).fill(200));
      });
      // Round-robin would have sent it ten; a few more may go there until both schedulers know.
      expect(tripping).toBeGreaterThanOrEqual(3);
      await untilGauge('weir_circuit_breaker_open', 'circuit', 't1', 2);
      const spared = await countWhile(1, async () => {
        const until = performance.now() + 1_500;
        while (performance.now() < until) expect((await send('circuit')).status).toBe(200);
      });
      // Two schedulers with one probe at a time each, and a pause of a second or more between two.
      expect(spared).toBeLessThanOrEqual(4);
    });
    await waitFor(
      async () => {
        await send('circuit');
        return (await gauge('weir_circuit_breaker_open', 'circuit', 't1')) === 0;
      },
      { what: 'the circuit to close', timeoutMs: 20_000 },
    );
    const shared = await countWhile(1, () => sendAll('circuit', 20));
    expect(shared).toBeGreaterThanOrEqual(8);
    const log = mesh()
      .mesh.services.scheduler.map((service) => service.log())
      .join('\n');
    expect(log).toContain('the target is given no requests, or fewer');
  });

  it('circuit breaker: where there is no other the client is refused at once, and told when to come again', async () => {
    await whileFaulty(0, { name: '500' }, async () => {
      await sendAll('alone', 2);
      await untilGauge('weir_circuit_breaker_open', 'alone', 't0', 2);
      const calls = await countWhile(0, async () => {
        const refused = await send('alone');
        expect(refused.status).toBe(503);
        expect(parseBody(refused).error).toMatchObject({ code: 'no_healthy_target' });
        const retryAfter = Number(refused.headers['retry-after']);
        expect(retryAfter).toBeGreaterThanOrEqual(1);
        expect(retryAfter).toBeLessThanOrEqual(4);
      });
      expect(calls).toBe(0);
    });
  });

  it('outlier detection: is left out, but never with all others', async () => {
    await whileFaulty(1, { name: 'reset-before' }, async () => {
      expect(await sendAll('outlier', 20)).toEqual(Array(20).fill(200));
      await untilGauge('weir_target_refused', 'outlier', 't1', 2);
      expect(await countWhile(1, () => sendAll('outlier', 5))).toBe(0);
      await whileFaulty(0, { name: '500' }, async () => {
        // The other one is ill, too, and is not left out.
        expect(await countWhile(0, () => sendAll('outlier', 2))).toBeGreaterThanOrEqual(2);
        expect(await gauge('weir_target_refused', 'outlier', 't0')).toBe(0);
      });
    });
    await untilGauge('weir_target_refused', 'outlier', 't1', 0);
  });

  it('health check: is left out while it does not list the models that are expected', async () => {
    await simulator(1).configure({ models: ['another'] });
    await untilGauge('weir_target_refused', 'checked', 't1', 2);
    const calls = await countWhile(1, async () => {
      expect(await sendAll('checked', 10)).toEqual(Array(10).fill(200));
    });
    expect(calls).toBe(0);
    // Nothing better is there: it is asked all the same, and gives its own answer.
    await simulator(0).configure({ models: ['another'] });
    await untilGauge('weir_target_refused', 'checked', 't0', 2);
    expect((await send('checked')).status).toBe(404);
    for (const place of [0, 1]) await simulator(place).configure({ models: ['sim-gpt'] });
    for (const target of ['t0', 't1']) await untilGauge('weir_target_refused', 'checked', target, 0);
    // Each of two schedulers takes its own turns.
    const shared = await countWhile(1, () => sendAll('checked', 20));
    expect(shared).toBeGreaterThanOrEqual(7);
    expect(shared).toBeLessThanOrEqual(13);
  });

  it('health check: a page that answers, and a port that does not', async () => {
    await untilGauge('weir_target_refused', 'reached', 't1', 2);
    expect(await gauge('weir_target_refused', 'paged', 't0')).toBe(0);
    const answers = await sendAll('reached', 6);
    expect(answers).toEqual(Array(6).fill(200));
    const texts = await Promise.all(
      mesh().mesh.services.scheduler.map(async ({ healthUrl }) =>
        (await fetch(`${healthUrl}/metrics`)).text(),
      ),
    );
    const told = await targetsOf('reached');
    expect(told.map(({ target, verdict }) => [target, verdict])).toEqual([
      ['t0', 'admitted'],
      ['t1', 'unhealthy'],
    ]);
    expect(told[1]?.sentence).toContain('ECONNREFUSED');
    // No attempt was needed to find out.
    expect(texts.join('\n')).not.toMatch(/weir_retry_total\{reason="connect_failed"[^}]*\} [1-9]/);
  });
});
