import { isAttached, waitFor } from '@weir/testing';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { readMetric, readSamples } from '../chaos/support/metrics.ts';
import { readExample, sendExample } from './support/example.ts';
import { parseBody, type RawAnswer } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';
import { type Answer, answerAsAsked, startRecordingUpstream } from './support/recording-upstream.ts';
import { createSimulatorAdmin, type SimulatorAdmin } from './support/simulator-admin.ts';

const example = await readExample('resilience');
const [claude, embeddings, completions, unknown, session, failing, premium] = example.calls;

interface ExampleConfig {
  readonly upstreams: Record<string, { targets: { name?: string; url: string }[] | string[] }>;
}

/** Headers that fail the simulator fail these as well. */
const answerOrFail: Answer = (recorded, response) => {
  if (recorded.headers['x-sim-fault'] === '503') response.writeHead(503).end('{}');
  else answerAsAsked(recorded, response);
};

const failTimes = (times: number, status: number): Answer => {
  let left = times;
  return (recorded, response) => {
    left -= 1;
    if (left >= 0) response.writeHead(status).end('{}');
    else answerAsAsked(recorded, response);
  };
};

const failAlways = failTimes(Number.POSITIVE_INFINITY, 503);
const cutOff: Answer = (_recorded, response) => response.destroy();

describe.skipIf(isAttached())('resilience', () => {
  const starting = Promise.all(['a', 'b', 'fallback', 'near', 'far'].map(() => startRecordingUpstream()));
  afterAll(async () => {
    for (const upstream of await starting) await upstream.close();
  });

  /** The example, with a server of its own for each target that a test looks at. */
  const mesh = useMesh(async () => {
    const urls = (await starting).map(({ url }) => url);
    return {
      simulators: 3,
      config: (simulators) => {
        const config = example.configFor(simulators[0] ?? '') as unknown as ExampleConfig;
        const place = (upstream: string, own: readonly (string | undefined)[]) => {
          const { targets } = config.upstreams[upstream] ?? { targets: [] };
          const placed = targets.map((target, at) => {
            const url = own[at] ?? '';
            return typeof target === 'string' ? { url } : { ...target, url };
          });
          Object.assign(config.upstreams[upstream] ?? {}, { targets: placed });
        };
        place('vllm-gpt4-primary', urls.slice(0, 2));
        place('vllm-gpt4-fallback', urls.slice(2, 3));
        place('local-llm', urls.slice(3));
        place('gpu-cluster', simulators);
        return config;
      },
    };
  });

  const servers = async () => {
    const [a, b, fallback, near, far] = await starting;
    if (!a || !b || !fallback || !near || !far) throw new Error('a server is missing');
    return { a, b, fallback, near, far };
  };

  beforeEach(async () => {
    for (const upstream of await starting) {
      upstream.clear();
      upstream.answerWith(answerOrFail);
    }
  });

  const send = (
    given: typeof claude,
    headers: Record<string, string> = {},
    body?: object,
  ): Promise<RawAnswer> => sendExample(mesh().baseUrl, given, body ? { headers, body } : { headers });

  const wayOf = async (...given: Parameters<typeof send>) => {
    const answer = await send(...given);
    expect(answer.status, answer.body.toString()).toBe(200);
    return { upstream: answer.headers['x-weir-upstream'], attempts: answer.headers['x-weir-attempts'] };
  };

  const scheduled = (name: string, labels: string): Promise<number> =>
    readMetric(mesh().mesh.services.scheduler[0]?.healthUrl, name, labels);

  describe('the workers with 8, 4 and 2 GPUs', () => {
    const simulators = (): readonly SimulatorAdmin[] =>
      mesh().mesh.simulators.map(({ url }) => createSimulatorAdmin(url));
    const activeAtEach = () => Promise.all(simulators().map(({ active }) => active()));
    const pace = (ttftMs: number) =>
      Promise.all(simulators().map(({ configure }) => configure({ profile: 'paced', ttftMs, itlMs: 0 })));

    /** Long enough for what is to be read to count for more than what is under way. */
    const messages = [{ role: 'user', content: 'word '.repeat(4_000) }];
    const start = (tier: string) => send(premium, { 'X-Customer-Tier': tier }, { messages, max_tokens: 1 });
    const startMany = (count: number, tier: string) => Array.from({ length: count }, () => start(tier));
    const untilActive = (count: number) =>
      waitFor(async () => (await activeAtEach()).reduce((sum, one) => sum + one, 0) === count, {
        what: `${count} requests to be under way`,
      });
    const untilWaiting = (priority: number, count: number) =>
      waitFor(
        async () => {
          const labels = `upstream="gpu-cluster",priority="${priority}"`;
          return (await scheduled('weir_inference_queue_depth', labels)) === count;
        },
        { what: `${count} requests of priority ${priority} to wait` },
      );

    it('get requests by their weights, and the next wait in a queue with an end', async () => {
      await pace(5_000);
      const first = startMany(14, 'premium');
      await untilActive(14);
      const [eight = 0, four = 0, two = 0] = await activeAtEach();
      expect(eight).toBeGreaterThan(four);
      expect(four).toBeGreaterThan(two);
      expect(two).toBeGreaterThan(0);
      expect(eight).toBeGreaterThanOrEqual(7);

      const rest = startMany(10, 'premium');
      await untilActive(24);
      expect(await activeAtEach()).toEqual([8, 8, 8]);

      const waiting = startMany(4, 'batch');
      await untilWaiting(8, 4);
      const refused = await start('batch');
      expect(refused.status).toBe(429);
      expect(parseBody(refused).error.code).toBe('queue_full');
      // One that is more urgent takes the place of one that is less.
      const urgent = start('premium');
      await untilWaiting(2, 1);
      await untilWaiting(8, 3);

      const codes = (await Promise.all(waiting)).map((answer) => parseBody(answer).error.code);
      expect(codes.toSorted()).toEqual(['queue_full', 'queue_timeout', 'queue_timeout', 'queue_timeout']);
      await pace(0);
      const served = await Promise.all([...first, ...rest, urgent]);
      expect(served.map(({ status }) => status)).toEqual(served.map(() => 200));
    });

    it('tell how full their KV caches are', async () => {
      for (const target of ['gpu-1', 'gpu-2', 'gpu-3'])
        await waitFor(
          async () => {
            const labels = `upstream="gpu-cluster",target="${target}"`;
            const [adapter] = mesh().mesh.services.adapter;
            return (await readSamples(adapter?.healthUrl, 'weir_engine_kv_usage_ratio', labels)).length === 1;
          },
          { what: `the KV usage of ${target}` },
        );
    });
  });

  it('answers the calls of its README from where that says', async () => {
    expect(await wayOf(claude)).toEqual({ upstream: 'vllm-claude3-service', attempts: '1' });
    expect(await wayOf(embeddings)).toEqual({ upstream: 'embedding-service', attempts: '1' });
    expect(await wayOf(completions)).toEqual({ upstream: 'completion-service', attempts: '1' });
    expect(await wayOf(unknown)).toEqual({ upstream: 'local-llm', attempts: '1' });
    expect(await wayOf(session)).toEqual({ upstream: 'vllm-gpt4-primary', attempts: '1' });
    expect(await wayOf(failing)).toEqual({ upstream: 'vllm-gpt4-fallback', attempts: '5' });
    expect(await wayOf(premium)).toEqual({ upstream: 'gpu-cluster', attempts: '1' });
  });

  it('takes the header for the backend, whatever the body asks for', async () => {
    const body = { model: 'mixtral-8x7b' };
    expect(await wayOf(claude, { 'X-Model-Id': 'mixtral-8x7b' }, body)).toMatchObject({
      upstream: 'tgi-mixtral-service',
    });
    const other = await send(claude, {}, { model: 'sim-gpt-mini' });
    expect(other.headers['x-weir-upstream']).toBe('vllm-claude3-service');
  });

  it('asks the local workers for a model that nobody knows, under its own name', async () => {
    const { near, far } = await servers();
    expect(await wayOf(unknown, {}, { model: 'of-next-year' })).toMatchObject({ upstream: 'local-llm' });
    const [sent] = [...near.requests, ...far.requests];
    expect(parseBody(sent ?? { body: Buffer.from('{}') }).model).toBe('of-next-year');
  });

  it('prefers the local worker that answers sooner', async () => {
    const { near, far } = await servers();
    far.answerWith((recorded, response) => {
      setTimeout(() => answerAsAsked(recorded, response), 200);
    });
    // Nothing is known of a target before its first answer has been reported.
    await waitFor(async () => (await wayOf(unknown)) && near.requests.length * far.requests.length > 0, {
      what: 'an answer of each',
      intervalMs: 0,
    });
    await waitFor(
      async () => {
        near.clear();
        far.clear();
        for (let asked = 0; asked < 6; asked += 1) await wayOf(unknown);
        return near.requests.length === 6 && far.requests.length === 0;
      },
      { what: 'six requests in a row for the near one', intervalMs: 0 },
    );
  });

  describe('a session', () => {
    const homeOf = async (cookie: string): Promise<string> => {
      const { a, b } = await servers();
      a.clear();
      b.clear();
      for (let asked = 0; asked < 4; asked += 1)
        expect(await wayOf(session, { Cookie: `theme=dark; model-session=${cookie}` })).toMatchObject({
          upstream: 'vllm-gpt4-primary',
        });
      return `${a.requests.length} ${b.requests.length}`;
    };

    it('stays at one target, and others have the other one', async () => {
      const homes = new Set<string>();
      for (let one = 0; one < 12; one += 1) homes.add(await homeOf(`session-${one}`));
      expect(homes).toEqual(new Set(['4 0', '0 4']));
    });

    it('is given to a client that has none, and begins with the answer that it comes with', async () => {
      const { a, b } = await servers();
      const homes = new Set<string>();
      for (let one = 0; one < 12; one += 1) {
        a.clear();
        b.clear();
        const { headers } = await send(failing, { 'X-Sim-Fault': 'none' });
        const cookie = /^model-session=[^;]+/.exec(headers['set-cookie'] ?? '')?.[0] ?? '';
        expect(cookie).not.toBe('');
        for (let asked = 0; asked < 3; asked += 1)
          expect((await send(session, { Cookie: cookie })).headers).not.toHaveProperty('set-cookie');
        homes.add(`${a.requests.length} ${b.requests.length}`);
      }
      expect(homes).toEqual(new Set(['4 0', '0 4']));
    });
  });

  describe('an attempt that fails', () => {
    it.each([503, 500, 409, 408])('with %i is made again, and the client notices nothing', async (status) => {
      const { a, b } = await servers();
      const once = failTimes(1, status);
      a.answerWith(once);
      b.answerWith(once);
      expect(await wayOf(session)).toEqual({ upstream: 'vllm-gpt4-primary', attempts: '2' });
      expect(a.requests.length + b.requests.length).toBe(2);
    });

    it('with 400 is not made again', async () => {
      const { a, b } = await servers();
      a.answerWith(failTimes(1, 400));
      b.answerWith(failTimes(1, 400));
      expect((await send(session)).status).toBe(400);
      expect(a.requests.length + b.requests.length).toBe(1);
    });

    it('without an answer is made again', async () => {
      const { a, b } = await servers();
      let isFirst = true;
      const cutOnce: Answer = (recorded, response) => {
        if (isFirst) response.destroy();
        else answerAsAsked(recorded, response);
        isFirst = false;
      };
      a.answerWith(cutOnce);
      b.answerWith(cutOnce);
      expect(await wayOf(session)).toEqual({ upstream: 'vllm-gpt4-primary', attempts: '2' });
    });

    it('is made four times, with pauses that grow, before the first fallback is asked', async () => {
      const { a, b, fallback } = await servers();
      const startedAt = performance.now();
      expect(await wayOf(failing)).toEqual({ upstream: 'vllm-gpt4-fallback', attempts: '5' });
      // Half of 100, 200 and 400 ms at least.
      expect(performance.now() - startedAt).toBeGreaterThan(340);
      expect(a.requests.length + b.requests.length).toBe(4);
      expect(fallback.requests).toHaveLength(1);
      // It was for the primary alone.
      expect(fallback.last().headers).not.toHaveProperty('x-sim-fault');
    });
  });

  it('a target that goes on failing is left out, the other one is not', async () => {
    const { a, b } = await servers();
    // A good answer of each: what failed before is no longer in a row.
    for (let one = 0; one < 12; one += 1) await wayOf(session, { Cookie: `model-session=session-${one}` });
    b.answerWith(failAlways);
    const refused = () =>
      scheduled('weir_target_refused', 'upstream="vllm-gpt4-primary",target="b",reason="ejected"');
    let asked = 0;
    await waitFor(
      async () => {
        asked += 1;
        await wayOf(session, { Cookie: `model-session=session-${asked}` });
        return (await refused()) === 1;
      },
      { what: 'the target to be left out', intervalMs: 0 },
    );
    expect(b.requests.length).toBeGreaterThanOrEqual(5);
    b.clear();
    for (let one = 0; one < 12; one += 1)
      expect(await wayOf(session, { Cookie: `model-session=session-${one}` })).toMatchObject({
        attempts: '1',
      });
    expect(b.requests).toHaveLength(0);
    expect(a.requests.length).toBeGreaterThan(12);
  });

  it('when the other one fails as well its circuit opens, and fallbacks answer at once, the second when the first is down', async () => {
    const { a, b, fallback, near, far } = await servers();
    a.answerWith(failAlways);
    b.answerWith(failAlways);
    const labels = 'upstream="vllm-gpt4-primary",target="a"';
    // As many as all targets cannot be left out: it goes on until its circuit opens.
    await waitFor(
      async () => (await wayOf(session)) && (await scheduled('weir_circuit_breaker_open', labels)) === 1,
      { what: 'the circuit to open', intervalMs: 0 },
    );
    expect(a.requests.length).toBeGreaterThanOrEqual(10);
    a.clear();
    b.clear();
    expect(await wayOf(session)).toEqual({ upstream: 'vllm-gpt4-fallback', attempts: '1' });
    fallback.clear();
    fallback.answerWith(cutOff);
    expect(await wayOf(session)).toEqual({ upstream: 'local-llm', attempts: '2' });
    expect(fallback.requests).toHaveLength(1);
    const [sent] = [...near.requests, ...far.requests].slice(-1);
    // Under the name that the fallback maps to, and its own alias for that.
    expect(parseBody(sent ?? { body: Buffer.from('{}') }).model).toBe('sim-gpt-mini');
    expect(a.requests.length + b.requests.length).toBe(0);
  });
});
