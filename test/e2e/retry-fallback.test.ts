import { demoKey, isAttached, waitFor } from '@weir/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readMetric } from '../chaos/support/metrics.ts';
import { type FullPort, startFullPort } from './support/full-port.ts';
import { type GatedUpstream, startGatedUpstream } from './support/gated-upstream.ts';
import { bearer, call, parseBody, type RawAnswer, readEvents } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { type RecordingUpstream, startRecordingUpstream } from './support/recording-upstream.ts';
import { createSimulatorAdmin, type SimulatorAdmin } from './support/simulator-admin.ts';
import { type SteppingUpstream, startSteppingUpstream } from './support/stepping-upstream.ts';

const pool = (urls: readonly (string | undefined)[], more: object = {}) => ({
  provider: 'openai-compatible',
  strategy: 'round-robin',
  targets: urls.map((url, position) => ({ name: `t${position}`, url })),
  ...more,
});

const route = (name: string, more: object) => ({
  name,
  match: { pathPrefix: `/${name}` },
  stripPrefix: `/${name}`,
  upstreams: ['own'],
  ...more,
});

const gatedNames = ['deadline', 'head', 'bounded', 'renewed', 'first', 'second'] as const;
type GatedName = (typeof gatedNames)[number];

const backoff = { backoffMs: 5, maxBackoffMs: 10 };
/** Nobody listens there. */
const closed = 'http://127.0.0.1:9';
const once = { ...backoff, attempts: 1 };

describe.skipIf(isAttached())('retry and fallback', () => {
  let limited: RecordingUpstream;
  let stepping: SteppingUpstream;
  let full: FullPort;
  let gated: ReadonlyMap<GatedName, GatedUpstream>;
  beforeAll(async () => {
    limited = await startRecordingUpstream();
    stepping = await startSteppingUpstream();
    full = await startFullPort();
    const started = gatedNames.map(async (name) => [name, await startGatedUpstream()] as const);
    gated = new Map(await Promise.all(started));
  });
  afterAll(() => Promise.all([limited, stepping, full, ...gated.values()].map((one) => one.close())));

  const gatedOf = (name: GatedName): GatedUpstream => {
    const found = gated.get(name);
    if (!found) throw new Error(`no upstream ${name}`);
    return found;
  };

  const mesh = useMesh(async () => ({
    simulators: 2,
    config: ([own, other]) => ({
      version: 1,
      upstreams: {
        own: pool([own]),
        both: pool([own, other]),
        quota: pool([own, other], { providerQuota: 'respect' }),
        told: pool([limited.url], { providerQuota: 'respect', models: ['told-model'] }),
        down: pool([closed]),
        forgetful: pool([own], {
          healthCheck: { type: 'inference', expectedModels: ['lost'], intervalMs: 50, unhealthyThreshold: 1 },
        }),
        small: pool([other], { models: ['sim-gpt-mini'] }),
        deadline: pool([gatedOf('deadline').url]),
        head: pool([gatedOf('head').url], { timeouts: { headMs: 300 } }),
        idle: pool([stepping.url], { timeouts: { idleMs: 300 } }),
        unheard: pool([full.url], { timeouts: { connectMs: 300 } }),
        bounded: pool([gatedOf('bounded').url], {
          connectionPool: { maxConnections: 2, maxPending: 2, idleTimeoutMs: 500 },
        }),
        renewed: pool([gatedOf('renewed').url], {
          connectionPool: { maxConnections: 1, maxRequestsPerConnection: 2 },
        }),
        first: pool([gatedOf('first').url]),
        // It names the model: by itself it would come before one that takes any.
        second: pool([gatedOf('second').url], { models: ['ordered-model'] }),
      },
      routes: [
        route('none', { retry: { ...backoff, on: [] } }),
        route('fivexx', { retry: { ...backoff, on: ['5xx'] } }),
        route('reset', { retry: { ...backoff, on: ['reset'] } }),
        route('fourxx', { retry: { ...backoff, on: ['retriable-4xx'] } }),
        route('codes', { retry: { ...backoff, on: ['retriable-status-codes'], statusCodes: [418] } }),
        route('unreached', { upstreams: ['down'], retry: { ...backoff, on: ['5xx', 'reset'] } }),
        route('connect', { upstreams: ['down'], retry: { ...backoff, on: ['connect-failure'] } }),
        route('per-try', { upstreams: ['both'], retry: { ...backoff, perTryTimeoutMs: 300 } }),
        route('budget', { retry: { ...backoff, budget: { percent: 20, minRetries: 3 } } }),
        route('pause', { retry: { attempts: 2, backoffMs: 400, maxBackoffMs: 5_000 } }),
        route('capped', { retry: { attempts: 2, backoffMs: 20_000, maxBackoffMs: 300 } }),
        route('deadline', { upstreams: ['deadline'], timeoutMs: 300, retry: backoff }),
        ...['head', 'idle', 'unheard', 'bounded', 'renewed'].map((name) =>
          route(name, { upstreams: [name], retry: once }),
        ),
        route('ordered', { upstreams: ['first', 'second'], retry: backoff }),
        route('short', { timeoutMs: 3_000, retry: { ...backoff, on: ['retriable-4xx'] } }),
        route('quota', { upstreams: ['quota'], retry: backoff }),
        route('told', { upstreams: ['told'], retry: backoff }),
        route('fb-health', {
          upstreams: ['down'],
          retry: { ...backoff, attempts: 2 },
          fallback: { upstreams: ['own'] },
        }),
        route('fb-never', {
          upstreams: ['down'],
          retry: { ...backoff, attempts: 2 },
          fallback: { upstreams: ['own'], triggers: { onHealthFailure: false } },
        }),
        route('fb-check', {
          upstreams: ['forgetful'],
          fallback: { upstreams: [{ upstream: 'small', modelMapping: { '*': 'sim-gpt-mini' } }] },
        }),
        route('alone', { upstreams: ['forgetful'] }),
        route('fb-codes', {
          retry: { ...backoff, attempts: 2 },
          fallback: {
            upstreams: [{ upstream: 'small', modelMapping: { 'sim-gpt': 'sim-gpt-mini' } }],
            triggers: { onErrorCodes: [429, 503] },
          },
        }),
        route('fb-latency', {
          fallback: {
            upstreams: [{ upstream: 'small', modelMapping: { 'sim-*': 'sim-gpt-mini' } }],
            triggers: { onLatencyThresholdMs: 300 },
          },
        }),
      ],
      tenants: [{ org: 'demo', keys: [demoKey.entry] }],
    }),
  }));

  const simulators = (): readonly SimulatorAdmin[] =>
    mesh().mesh.simulators.map(({ url }) => createSimulatorAdmin(url));

  const ownSimulator = (): SimulatorAdmin => {
    const [own] = simulators();
    if (!own) throw new Error('no simulator');
    return own;
  };

  const ask = (name: string, headers: Record<string, string> = {}, model = 'sim-gpt'): Promise<RawAnswer> =>
    call(`${mesh().baseUrl}/${name}/v1/chat/completions`, {
      headers: { ...bearer(key), ...headers },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
    });

  const failOnce = (name: string, admin = ownSimulator()): Promise<void> =>
    admin.configure({ fault: { name, count: 1 } });

  const metric = (service: 'scheduler' | 'adapter', name: string, labels: string): Promise<number> =>
    readMetric(mesh().mesh.services[service][0]?.healthUrl, name, labels);

  beforeEach(async () => {
    for (const admin of simulators()) await admin.configure({ fault: null });
  });

  describe('retry.on', () => {
    it.each([
      ['none', '503', 503, 1],
      ['fivexx', '503', 200, 2],
      ['fivexx', '418', 418, 1],
      ['reset', 'reset-before', 200, 2],
      ['reset', '503', 503, 1],
      ['fivexx', 'reset-before', 502, 1],
      ['fourxx', '409', 200, 2],
      ['fourxx', '503', 503, 1],
      ['codes', '418', 200, 2],
      ['codes', '503', 503, 1],
    ])('%s after one %s: the client gets %i, from %i attempts', async (name, fault, status, attempts) => {
      await failOnce(fault);
      const answer = await ask(name);
      expect(answer.status).toBe(status);
      const calls = await ownSimulator().settledCallsOf(answer.headers['x-request-id'] ?? '');
      expect(calls).toHaveLength(attempts);
    });

    it('connect-failure: what cannot be reached is tried again where the list names it alone', async () => {
      const failures = () =>
        metric('adapter', 'weir_upstream_failures_total', 'upstream="down",reason="connect_failed"');
      const retries = () => metric('scheduler', 'weir_retry_total', 'reason="connect_failed"');
      expect((await ask('unreached')).status).toBe(502);
      expect(await failures()).toBe(1);
      const retriesBefore = await retries();
      const answer = await ask('connect');
      expect(answer.status).toBe(502);
      expect(parseBody(answer).error.message).toContain('could not be reached');
      expect(await failures()).toBe(4);
      expect((await retries()) - retriesBefore).toBe(2);
    });
  });

  it('backoffMs, maxBackoffMs: a pause before the second attempt, half of it at least', async () => {
    await ownSimulator().configure({ fault: { name: '503', count: 2 } });
    const pauseOf = async (name: string): Promise<number> => {
      const answer = await ask(name);
      expect(answer.status).toBe(200);
      const [before, after] = await ownSimulator().settledCallsOf(answer.headers['x-request-id'] ?? '');
      return (after?.startedAt ?? 0) - (before?.startedAt ?? 0);
    };
    const [pauseMs, cappedMs] = await Promise.all([pauseOf('pause'), pauseOf('capped')]);
    expect(pauseMs).toBeGreaterThanOrEqual(198);
    expect(pauseMs).toBeLessThan(1_000);
    expect(cappedMs).toBeGreaterThanOrEqual(148);
    expect(cappedMs).toBeLessThan(1_000);
  });

  it('upstreams: one after the other, in their order', async () => {
    const askOrdered = async () => {
      const { status, headers } = await ask('ordered', {}, 'ordered-model');
      return [status, headers['x-weir-upstream'], headers['x-weir-attempts']];
    };
    expect(await askOrdered()).toEqual([200, 'first', '1']);
    await gatedOf('first').close();
    expect(await askOrdered()).toEqual([200, 'second', '2']);
  });

  describe.concurrent('time-outs and connections', () => {
    const timed = async (name: string, body: object = {}) => {
      const startedAt = performance.now();
      const answer = await call(`${mesh().baseUrl}/${name}/v1/chat/completions`, {
        headers: bearer(key),
        body: JSON.stringify({ model: 'any', messages: [{ role: 'user', content: 'Hello' }], ...body }),
      });
      return { answer, tookMs: performance.now() - startedAt };
    };

    it.each([
      ['deadline', 'timeoutMs of the route', 'request_deadline'],
      ['head', 'headMs', 'first_byte_timeout'],
    ] as const)(
      '%s: %s ends what has no answer, for the client and for the provider',
      async (name, _setting, code) => {
        const { calls } = gatedOf(name);
        calls.answerWith('hold');
        const { answer, tookMs } = await timed(name);
        expect(answer.status).toBe(504);
        expect(parseBody(answer)).toEqual({
          error: { message: expect.any(String), type: expect.any(String), param: null, code },
        });
        expect(tookMs).toBeGreaterThan(290);
        expect(tookMs).toBeLessThan(2_000);
        await waitFor(() => calls.left() === 1, { what: 'the call to be broken off' });
        expect(calls.count()).toBe(1);
      },
    );

    it('idleMs: ends a stream that stands still with an error in it', async () => {
      const metadata = { moment: 'mid stream' };
      const running = timed('idle', { stream: true, metadata });
      const { ended } = await stepping.standing();
      const { answer, tookMs } = await running;
      expect(answer.status).toBe(200);
      const events = readEvents(answer.body).map(({ data }) => data);
      expect(events.at(-1)).toBe('[DONE]');
      expect(JSON.parse(events.at(-2) ?? '').error).toMatchObject({ code: 'stream_idle' });
      expect(events.length).toBeGreaterThan(3);
      expect(tookMs).toBeGreaterThan(290);
      expect(tookMs).toBeLessThan(2_000);
      expect(await ended).toBe('left');
    });

    it('connectMs: ends the attempt at a target that does not take the connection', async () => {
      const { answer, tookMs } = await timed('unheard');
      expect(answer.status).toBe(502);
      expect(parseBody(answer).error).toMatchObject({ code: 'connect_failed' });
      expect(tookMs).toBeGreaterThan(290);
      // The client's clock for this one ticks twice a second. Without the setting it would be five seconds.
      expect(tookMs).toBeLessThan(3_500);
    });

    it('connectionPool: so many connections, so many calls that wait for one, and each kept for so long', async () => {
      const { calls, connections, opened } = gatedOf('bounded');
      calls.answerWith('hold');
      const answers: RawAnswer[] = [];
      const sent = Array.from({ length: 5 }, async () => {
        answers.push((await timed('bounded')).answer);
      });
      await waitFor(() => answers.length > 0 && calls.held() === 2, { what: 'one to be refused' });
      expect(answers.map(({ status }) => status)).toEqual([503]);
      expect([calls.count(), connections()]).toEqual([2, 2]);
      calls.answerWith(200);
      calls.release(200);
      await Promise.all(sent);
      expect(answers.map(({ status }) => status)).toEqual([503, 200, 200, 200, 200]);
      expect([calls.count(), opened(), connections()]).toEqual([4, 2, 2]);
      // The target itself would keep them for a minute.
      await waitFor(() => connections() === 0, { what: 'idle connections to be closed', timeoutMs: 2_500 });
    });

    it('maxRequestsPerConnection: another connection after so many calls', async () => {
      const { calls, opened } = gatedOf('renewed');
      for (let call = 0; call < 5; call += 1) expect((await timed('renewed')).answer.status).toBe(200);
      expect([calls.count(), opened()]).toEqual([5, 3]);
    });
  });

  it('perTryTimeoutMs: an attempt without a first byte in time is made elsewhere', async () => {
    await failOnce('stall-before');
    const startedAt = Date.now();
    const answers = [await ask('per-try'), await ask('per-try')];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers.map(({ headers }) => headers['x-weir-attempts']).toSorted()).toEqual(['1', '2']);
    expect(Date.now() - startedAt).toBeLessThan(3_000);
  });

  it('budget: an upstream that fails gets no multiple of its load', async () => {
    const before = await ownSimulator().countCalls();
    await ownSimulator().configure({ fault: { name: '503' } });
    for (let request = 0; request < 10; request += 1)
      expect((await ask('budget')).status).toBeGreaterThan(500);
    // Each would be tried three times: the budget has room for the three that are always allowed.
    expect((await ownSimulator().countCalls()) - before).toBe(13);
  });

  describe('Retry-After', () => {
    it('is waited for at the only target', async () => {
      await failOnce('429:1');
      const startedAt = Date.now();
      const answer = await ask('fourxx');
      expect(answer.status).toBe(200);
      expect(Date.now() - startedAt).toBeGreaterThan(990);
    });

    it('longer than a second keeps the request in the scheduler, not lost', async () => {
      await failOnce('429:2');
      const answer = await ask('fourxx');
      expect(answer.headers['x-weir-attempts']).toBe('2');
      expect(await ownSimulator().settledCallsOf(answer.headers['x-request-id'] ?? '')).toHaveLength(2);
    });

    it('longer than the request has left is for the client', async () => {
      await failOnce('429:30');
      const startedAt = Date.now();
      const answer = await ask('short');
      expect(answer.status).toBe(429);
      expect(answer.headers['retry-after']).toBe('30');
      expect(Date.now() - startedAt).toBeLessThan(1_000);
    });
  });

  describe('fallback', () => {
    it('onHealthFailure: goes on when nothing answers, and not where it is off', async () => {
      const answer = await ask('fb-health');
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ 'x-weir-upstream': 'own', 'x-weir-attempts': '3' });
      expect((await ask('fb-never')).status).toBe(502);
      const labels = 'route="fb-health",from="down",to="own",reason="health-failure"';
      expect(await metric('scheduler', 'weir_fallback_total', labels)).toBe(1);
    });

    it('onHealthFailure: goes where all is well before it takes what fails its checks', async () => {
      const upstreamOf = async (name: string) => {
        const answer = await ask(name);
        expect(answer.status).toBe(200);
        return answer.headers['x-weir-upstream'];
      };
      await waitFor(async () => (await upstreamOf('fb-check')) === 'small', { what: 'the first check' });
      for (let time = 0; time < 3; time += 1) expect(await upstreamOf('fb-check')).toBe('small');
      expect(await upstreamOf('alone')).toBe('forgetful');
    });

    it('onErrorCodes: after the attempts, with the model that it is mapped to', async () => {
      await ownSimulator().configure({ fault: { name: '503' } });
      const answer = await ask('fb-codes');
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ 'x-weir-upstream': 'small', 'x-weir-attempts': '3' });
      expect(parseBody(answer).model).toBe('sim-gpt-mini');
    });

    it('onErrorCodes: at once after a status that is not tried again', async () => {
      await failOnce('429:30');
      const answer = await ask('fb-codes');
      expect(answer.headers).toMatchObject({ 'x-weir-upstream': 'small', 'x-weir-attempts': '2' });
    });

    it('leaves alone what is not a trigger', async () => {
      await failOnce('409');
      const answer = await ask('fb-codes');
      expect(answer.status).toBe(409);
      expect(answer.headers['x-weir-upstream']).toBe('own');
    });

    it('without the model that the mapping names, the answer of the upstream is the last word', async () => {
      await ownSimulator().configure({ fault: { name: '503' } });
      const answer = await ask('fb-codes', {}, 'sim-claude');
      expect(answer.status).toBe(503);
      expect(answer.headers['x-weir-upstream']).toBe('own');
    });

    it('onLatencyThresholdMs: takes over from an upstream without a first byte', async () => {
      await ownSimulator().configure({ fault: { name: 'stall-before' } });
      const answer = await ask('fb-latency');
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ 'x-weir-upstream': 'small', 'x-weir-attempts': '2' });
      expect(await metric('scheduler', 'weir_fallback_total', 'route="fb-latency"')).toBe(1);
    });
  });

  describe('providerQuota: respect', () => {
    it('leaves a target alone that has refused, until its time', async () => {
      await failOnce('429:2');
      const calls = async () => ownSimulator().countCalls();
      while ((await ask('quota')).headers['x-weir-attempts'] === '1');
      const refusedAt = Date.now();
      const isLeftAlone = async (): Promise<boolean> => {
        const before = await calls();
        for (let request = 0; request < 6; request += 1) expect((await ask('quota')).status).toBe(200);
        return (await calls()) === before;
      };
      // The next load report tells the schedulers.
      await expect.poll(isLeftAlone, { timeout: 2_000, interval: 20 }).toBe(true);
      const before = await calls();
      await expect
        .poll(async () => (await ask('quota')) && (await calls()) > before, { timeout: 5_000 })
        .toBe(true);
      expect(Date.now() - refusedAt).toBeGreaterThan(1_500);
    });

    it('tells the client the truth when the provider has nothing left, without asking it', async () => {
      limited.answerWith((_recorded, response) => {
        response.writeHead(200, {
          'content-type': 'application/json',
          'x-ratelimit-limit-requests': '2',
          'x-ratelimit-remaining-requests': '0',
          'x-ratelimit-reset-requests': '1m0s',
        });
        response.end('{"id":"x","object":"chat.completion","choices":[],"model":"told-model"}');
      });
      expect((await ask('told', {}, 'told-model')).status).toBe(200);
      const refused = await expect
        .poll(() => ask('told', {}, 'told-model'), { timeout: 2_000 })
        .toMatchObject({ status: 429 })
        .then(() => ask('told', {}, 'told-model'));
      const sent = limited.requests.length;
      expect(refused.status).toBe(429);
      // One of two requests is back after half a minute.
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(20);
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(30);
      expect(limited.requests.length).toBe(sent);
    });
  });
});
