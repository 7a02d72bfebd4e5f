import type { TargetStatus, TargetVerdict } from '@weir/contracts';
import { demoKey, isAttached, waitFor } from '@weir/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { sumMetric } from '../chaos/support/metrics.ts';
import { admin, adminMesh } from './support/admin-api.ts';
import { type GatedUpstream, type Script, startGatedUpstream } from './support/gated-upstream.ts';
import { bearer, call, parseBody } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { createSimulatorAdmin } from './support/simulator-admin.ts';

const upstream = (model: string, urls: readonly (string | undefined)[], more: object) => ({
  provider: 'openai-compatible',
  strategy: 'round-robin',
  models: ['sim-gpt'],
  aliases: { [model]: 'sim-gpt' },
  targets: urls,
  ...more,
});

/** Nothing listens there. */
const nowhere = 'http://127.0.0.1:9';

/** Of each, by the upstream that has them for targets: tests that share none can run at a time. */
const gated = {
  circuit: 2,
  alone: 1,
  probed: 1,
  outlier: 2,
  lasting: 2,
  shares: 4,
  paged: 1,
  reached: 1,
  hanging: 1,
  counted: 1,
};

type GatedName = keyof typeof gated;
type Gated = ReadonlyMap<GatedName, readonly GatedUpstream[]>;

const startGated = async (): Promise<Gated> => {
  const names = Object.keys(gated) as readonly GatedName[];
  const started = names.map(
    async (name) =>
      [name, await Promise.all(Array.from({ length: gated[name] }, startGatedUpstream))] as const,
  );
  return new Map(await Promise.all(started));
};

const share = (maxEjectionPercent: number) => ({
  outlierDetection: { consecutiveErrors: 2, baseEjectionMs: 60_000, maxEjectionPercent },
});

const check = (more: object) => ({ healthCheck: { intervalMs: 100, unhealthyThreshold: 2, ...more } });

const upstreamsOf = (simulators: readonly string[], urlsOf: (name: GatedName) => readonly string[]) => ({
  circuit: upstream('circuit', urlsOf('circuit'), { circuitBreaker: { failureThreshold: 3, openMs: 1_000 } }),
  alone: upstream('alone', urlsOf('alone'), { circuitBreaker: { failureThreshold: 3, openMs: 4_000 } }),
  probed: upstream('probed', urlsOf('probed'), {
    circuitBreaker: {
      failureThreshold: 3,
      // The share of failures is not what opens it here.
      minRequests: 1_000,
      openMs: 400,
      halfOpenMaxRequests: 3,
      successThreshold: 3,
    },
  }),
  outlier: upstream('outlier', urlsOf('outlier'), {
    outlierDetection: { consecutiveErrors: 3, baseEjectionMs: 2_000 },
  }),
  lasting: upstream('lasting', urlsOf('lasting'), {
    outlierDetection: { consecutiveErrors: 3, baseEjectionMs: 60_000 },
  }),
  quarter: upstream('quarter', urlsOf('shares'), share(25)),
  half: upstream('half', urlsOf('shares'), share(50)),
  checked: upstream('checked', simulators, check({ type: 'inference', expectedModels: ['sim-gpt'] })),
  paged: upstream(
    'paged',
    [...simulators.slice(0, 1), ...urlsOf('paged')],
    check({ type: 'http', path: '/health' }),
  ),
  lenient: upstream('lenient', simulators.slice(0, 1), check({ type: 'http', expectedStatuses: [200, 429] })),
  reached: upstream('reached', [...urlsOf('reached'), nowhere], check({ type: 'tcp' })),
  hanging: upstream(
    'hanging',
    urlsOf('hanging'),
    check({ type: 'http', timeoutMs: 200, unhealthyThreshold: 1 }),
  ),
  counted: upstream(
    'counted',
    urlsOf('counted'),
    check({ type: 'http', intervalMs: 40, unhealthyThreshold: 4, healthyThreshold: 3 }),
  ),
});

describe.skipIf(isAttached())('a target that is not well', () => {
  let targets: Gated;

  const mesh = useMesh(async () => {
    targets = await startGated();
    const urlsOf = (name: GatedName) => targets.get(name)?.map(({ url }) => url) ?? [];
    return adminMesh({
      simulators: 2,
      replicas: { scheduler: 2 },
      config: (simulators) => ({
        version: 1,
        upstreams: upstreamsOf(simulators, urlsOf),
        routes: [
          {
            name: 'once',
            match: { path: '/v1/chat/completions', headers: { 'x-attempts': 'one' } },
            retry: { attempts: 1 },
          },
        ],
        tenants: [{ org: 'demo', keys: [demoKey.entry] }],
      }),
    });
  });

  afterAll(() => Promise.all([...targets.values()].flat().map((one) => one.close())));

  const simulator = (place: number) => createSimulatorAdmin(mesh().mesh.simulators[place]?.url ?? '');

  const target = (name: GatedName, place = 0): GatedUpstream => {
    const found = targets.get(name)?.[place];
    if (!found) throw new Error(`no target ${place} of ${name}`);
    return found;
  };

  const send = (model: string, headers: Readonly<Record<string, string>> = {}) =>
    call(`${mesh().baseUrl}/v1/chat/completions`, {
      headers: { ...bearer(key), ...headers },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
    });

  /** Is tried at one target, and nowhere else. */
  const sendOnce = async (model: string): Promise<number> =>
    (await send(model, { 'x-attempts': 'one' })).status;

  const sendAll = async (model: string, requests: number): Promise<readonly number[]> => {
    const statuses: number[] = [];
    for (let request = 0; request < requests; request += 1) statuses.push((await send(model)).status);
    return statuses;
  };

  const countWhile = async (
    count: () => number | Promise<number>,
    work: () => Promise<unknown>,
  ): Promise<number> => {
    const before = await count();
    await work();
    return (await count()) - before;
  };

  /** Sum of a metric over the schedulers. */
  const scheduled = (name: string, ...labels: readonly string[]): Promise<number> =>
    sumMetric(mesh().mesh.services.scheduler, name, ...labels);

  const gauge = (name: string, model: string, wanted: string): Promise<number> =>
    scheduled(name, `upstream="${model}"`, `target="${wanted}"`);

  /** What the admin API says of the targets of an upstream. */
  const targetsOf = async (name: string): Promise<readonly TargetStatus[]> => {
    const answer = await admin(mesh().mesh, 'GET', `/targets?upstream=${name}`);
    expect(answer.status).toBe(200);
    return parseBody(answer).data;
  };

  const untilGauge = (name: string, model: string, wanted: string, value: number) =>
    waitFor(async () => (await gauge(name, model, wanted)) === value, {
      what: `${name} of ${model}/${wanted} to be ${value}`,
    });

  /** Waits until the first target of an upstream is as wanted, and says how it is. */
  const untilTarget = (name: string, what: string, isSo: (status: TargetStatus) => boolean) =>
    waitFor(
      async () => {
        const [status] = await targetsOf(name);
        return status !== undefined && isSo(status) && status;
      },
      { what: `the target of ${name} to be ${what}` },
    );

  const untilVerdict = (name: string, verdict: TargetVerdict) =>
    untilTarget(name, verdict, (status) => status.verdict === verdict);

  const whileAnswering = async (
    { calls }: GatedUpstream,
    script: Script,
    work: () => Promise<void>,
  ): Promise<void> => {
    calls.answerWith(script);
    try {
      await work();
    } finally {
      calls.answerWith(200);
    }
  };

  describe.concurrent('circuit breaker', () => {
    it('is spared after its failures, probed now and then, and used again', async () => {
      const { calls } = target('circuit', 1);
      await whileAnswering(target('circuit', 1), 500, async () => {
        const tripping = await countWhile(calls.count, async () => {
          expect(await sendAll('circuit', 20)).toEqual(Array(20).fill(200));
        });
        // Round-robin would have sent it ten; a few more may go there until both schedulers know.
        expect(tripping).toBeGreaterThanOrEqual(3);
        await untilGauge('weir_circuit_breaker_open', 'circuit', 't1', 2);
        const spared = await countWhile(calls.count, async () => {
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
      const shared = await countWhile(calls.count, () => sendAll('circuit', 20));
      expect(shared).toBeGreaterThanOrEqual(8);
      const log = mesh()
        .mesh.services.scheduler.map((service) => service.log())
        .join('\n');
      expect(log).toContain('the target is given no requests, or fewer');
    });

    it('where there is no other the client is refused at once, and told when to come again', async () => {
      await whileAnswering(target('alone'), 500, async () => {
        await sendAll('alone', 2);
        await untilGauge('weir_circuit_breaker_open', 'alone', 't0', 2);
        const calls = await countWhile(target('alone').calls.count, async () => {
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

    it('opens at so many failures and no sooner, and closes when so many of so many probes succeed', async () => {
      const { calls } = target('probed');
      const circuitOf = ({ adapters: [first] }: TargetStatus) => first?.circuit;
      calls.answerWith(500, 500, 500, 'hold');
      await sendOnce('probed');
      await sendOnce('probed');
      const failing = await untilTarget(
        'probed',
        'known for two failures',
        ({ adapters: [first] }) => first?.consecutiveFailures === 2,
      );
      expect(circuitOf(failing)).toBe('closed');
      await sendOnce('probed');
      await untilGauge('weir_circuit_breaker_open', 'probed', 't0', 2);
      expect(await sendOnce('probed')).toBe(503);
      expect(calls.count()).toBe(3);

      // Three for each of two schedulers, and the bus says which of them is asked.
      const answers: Promise<number>[] = [];
      await waitFor(() => answers.push(sendOnce('probed')) > 0 && calls.held() === 6, {
        what: 'six probes to be under way',
      });
      let refused = 0;
      for (let request = 0; request < 10; request += 1) {
        const answer = sendOnce('probed');
        answers.push(answer);
        answer.then(() => {
          refused += 1;
        }, expect.fail);
      }
      await waitFor(() => refused === 10 || calls.held() > 6, { what: 'the others to be refused' });
      expect(calls.held()).toBe(6);

      calls.release(200, 2);
      const better = await untilTarget('probed', 'left with four', ({ load }) => load.running === 4);
      expect(circuitOf(better)).toBe('half-open');
      calls.release(200, 1);
      await untilGauge('weir_circuit_breaker_open', 'probed', 't0', 0);
      calls.answerWith(200);
      calls.release(200);
      const statuses = await Promise.all(answers);
      expect(statuses.filter((status) => status === 200)).toHaveLength(6);
      expect(new Set(statuses)).toEqual(new Set([200, 503]));
    });
  });

  describe.concurrent('outlier detection', () => {
    it('is left out for its time', async () => {
      const ill = target('outlier', 1);
      await whileAnswering(ill, 'reset', async () => {
        expect(await sendAll('outlier', 20)).toEqual(Array(20).fill(200));
        await untilGauge('weir_target_refused', 'outlier', 't1', 2);
        expect(await countWhile(ill.calls.count, () => sendAll('outlier', 5))).toBe(0);
      });
      await untilGauge('weir_target_refused', 'outlier', 't1', 0);
    });

    it('is left out, but never with all others', async () => {
      const [healthy, ill] = [target('lasting', 0), target('lasting', 1)];
      ill.calls.answerWith('reset');
      expect(await sendAll('lasting', 20)).toEqual(Array(20).fill(200));
      await untilGauge('weir_target_refused', 'lasting', 't1', 2);
      healthy.calls.answerWith(500);
      // The other one is ill, too, and is not left out.
      expect(await countWhile(healthy.calls.count, () => sendAll('lasting', 2))).toBeGreaterThanOrEqual(2);
      expect(await gauge('weir_target_refused', 'lasting', 't0')).toBe(0);
    });

    it.each([
      ['quarter', 1],
      ['half', 2],
    ])('of four targets with three ill ones no more than a %s is left out', async (name, most) => {
      for (const place of [0, 1, 2]) target('shares', place).calls.answerWith(500);
      const countOut = async () => {
        const each = ['t0', 't1', 't2', 't3'].map((one) => gauge('weir_target_refused', name, one));
        return (await Promise.all(each)).reduce((sum, count) => sum + count, 0);
      };
      await waitFor(
        async () => {
          await send(name);
          const ill = (await targetsOf(name)).slice(0, 3);
          return ill.every(({ adapters: [first] }) => (first?.consecutiveFailures ?? 0) >= 2);
        },
        { what: 'three targets to have failed often enough' },
      );
      // By each of two schedulers.
      await waitFor(async () => (await countOut()) === 2 * most, { what: `${most} to be left out` });
      expect(await sendAll(name, 4)).toEqual(Array(4).fill(200));
      expect(await countOut()).toBe(2 * most);
    });
  });

  describe.concurrent('health check', () => {
    it('is left out while it does not list the models that are expected', async () => {
      const { countCalls } = simulator(1);
      await simulator(1).configure({ models: ['sim-gpt-mini'] });
      await untilGauge('weir_target_refused', 'checked', 't1', 2);
      const calls = await countWhile(countCalls, async () => {
        expect(await sendAll('checked', 10)).toEqual(Array(10).fill(200));
      });
      expect(calls).toBe(0);
      // Nothing better is there: it is asked all the same, and gives its own answer.
      await simulator(0).configure({ models: ['sim-gpt-mini'] });
      await untilGauge('weir_target_refused', 'checked', 't0', 2);
      expect((await send('checked')).status).toBe(404);
      for (const place of [0, 1]) await simulator(place).configure({ models: ['sim-gpt', 'sim-gpt-mini'] });
      for (const one of ['t0', 't1']) await untilGauge('weir_target_refused', 'checked', one, 0);
      // Each of two schedulers takes its own turns.
      const shared = await countWhile(countCalls, () => sendAll('checked', 20));
      expect(shared).toBeGreaterThanOrEqual(7);
      expect(shared).toBeLessThanOrEqual(13);
    });

    it('a page is well with the statuses that are expected, and with no other', async () => {
      const answerWith = (healthStatus: number) => simulator(0).configure({ healthStatus });
      const { calls } = target('paged');
      await answerWith(503);
      for (const name of ['paged', 'lenient']) await untilGauge('weir_target_refused', name, 't0', 2);
      const elsewhere = await countWhile(calls.count, async () => {
        expect(await sendAll('paged', 6)).toEqual(Array(6).fill(200));
      });
      expect(elsewhere).toBe(6);
      await answerWith(429);
      await untilGauge('weir_target_refused', 'lenient', 't0', 0);
      const told = await untilTarget('paged', 'asked again', ({ sentence }) => sentence.includes('429'));
      expect(told.verdict).toBe('unhealthy');
      await answerWith(200);
      await untilGauge('weir_target_refused', 'paged', 't0', 0);
    });

    it('a port that does not answer', async () => {
      await untilGauge('weir_target_refused', 'reached', 't1', 2);
      expect(await sendAll('reached', 6)).toEqual(Array(6).fill(200));
      const told = await targetsOf('reached');
      expect(told.map((one) => [one.target, one.verdict])).toEqual([
        ['t0', 'admitted'],
        ['t1', 'unhealthy'],
      ]);
      expect(told[1]?.sentence).toContain('ECONNREFUSED');
      // No attempt was needed to find out.
      expect(await scheduled('weir_retry_total', 'reason="connect_failed"')).toBe(0);
    });

    it('a target that does not answer its check in time is left out', async () => {
      const { checks } = target('hanging');
      await untilTarget('hanging', 'well', ({ adapters: [first] }) => first?.check === 'healthy');
      const startedAt = performance.now();
      checks.answerWith('hold');
      const { sentence } = await untilVerdict('hanging', 'unhealthy');
      // Interval, time-out and load report make 420 ms at most; without the time-out it would be five seconds.
      expect(performance.now() - startedAt).toBeLessThan(1_500);
      expect(sentence).toContain('no answer within 200 ms');
      checks.answerWith(200);
      await untilVerdict('hanging', 'admitted');
    });

    it('is left out after so many bad ones in a row, and back after so many good ones', async () => {
      const { checks } = target('counted');
      /** Until the schedulers know of a check that failed so; the next one is held, so that nothing follows. */
      const untilCheck = (status: number) =>
        untilTarget(
          'counted',
          `known for a ${status}`,
          ({ adapters: [first] }) => first?.checkFailure?.includes(`status ${status}`) === true,
        );
      await untilTarget('counted', 'well', ({ adapters: [first] }) => first?.check === 'healthy');
      checks.answerWith(501, 502, 503, 'hold');
      expect(await untilCheck(503)).toMatchObject({ verdict: 'admitted' });
      checks.answerWith(504);
      checks.release(504);
      await untilVerdict('counted', 'unhealthy');
      checks.answerWith(200, 200, 418, 'hold');
      expect(await untilCheck(418)).toMatchObject({ verdict: 'unhealthy' });
      checks.answerWith(200);
      checks.release(200);
      await untilVerdict('counted', 'admitted');
    });
  });
});
