import { createTestKey, demoKey, isAttached, testCertificates, waitFor } from '@weir/testing';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { bearer, call, parseBody, type RawAnswer, readEvents } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { type Answer, answerAsAsked, startRecordingUpstream } from './support/recording-upstream.ts';

const mini = createTestKey('mini');

const delta = `data: ${JSON.stringify({ id: 'd', choices: [{ index: 0, delta: { content: 'word ' } }] })}\n\n`;

/** Never silent for long, and never at an end. */
const endless =
  (type: string, piece: string): Answer =>
  (_recorded, response) => {
    response.writeHead(200, { 'content-type': type });
    const timer = setInterval(() => response.write(piece), 50);
    response.on('close', () => clearInterval(timer));
  };

describe.skipIf(isAttached())('what routes and upstreams can be told', () => {
  const recording = startRecordingUpstream();
  const secured = startRecordingUpstream(testCertificates.server);
  const second = startRecordingUpstream();
  const third = startRecordingUpstream();
  afterAll(async () => {
    for (const upstream of [recording, secured, second, third]) await (await upstream).close();
  });
  beforeEach(async () => {
    const { clear, answerWith } = await recording;
    clear();
    answerWith(answerAsAsked);
  });

  const mesh = useMesh(async () => ({
    config: {
      version: 1,
      upstreams: {
        plain: { provider: 'openai-compatible', targets: [(await recording).url] },
        trusted: {
          provider: 'openai-compatible',
          targets: [(await secured).url],
          tls: { serverName: testCertificates.serverName, caFile: testCertificates.ca },
          healthCheck: { type: 'http', intervalMs: 100, timeoutMs: 2_000, unhealthyThreshold: 1 },
        },
        untrusted: { provider: 'openai-compatible', targets: [(await secured).url] },
        named: {
          provider: 'generic',
          targets: [(await recording).url],
          models: ['large-v2'],
          aliases: { large: 'large-v2' },
        },
        smaller: { provider: 'generic', targets: [(await recording).url], models: ['small'] },
        spoken: {
          provider: 'openai-compatible',
          targets: [(await recording).url],
          models: ['sim-gpt-mini', 'large'],
        },
        sticky: {
          provider: 'openai-compatible',
          targets: [(await recording).url, (await second).url, (await third).url],
          strategy: 'session',
          affinity: { cookie: 'sid', issueCookie: true, cookieMaxAgeMs: 3_600_000 },
        },
        brief: {
          provider: 'openai-compatible',
          targets: [(await recording).url],
          timeouts: { totalMs: 500 },
        },
      },
      routes: [
        {
          name: 'named',
          match: { path: '/run' },
          modelHeader: 'X-Model-Name',
          upstreams: ['named'],
          retry: { attempts: 1 },
          fallback: {
            upstreams: [{ upstream: 'smaller', modelMapping: { large: 'small' } }],
            triggers: { onErrorCodes: [503] },
          },
        },
        {
          name: 'spoken',
          match: { pathPrefix: '/spoken' },
          stripPrefix: '/spoken',
          modelHeader: 'X-Model-Name',
          upstreams: ['spoken'],
        },
        ...['trusted', 'untrusted', 'sticky'].map((name) => ({
          name,
          match: { pathPrefix: `/${name}` },
          stripPrefix: `/${name}`,
          upstreams: [name],
          retry: { attempts: 1 },
        })),
        {
          name: 'brief',
          match: { pathPrefix: '/brief' },
          stripPrefix: '/brief',
          upstreams: ['brief'],
          retry: { attempts: 1 },
        },
        {
          name: 'timed',
          match: { pathPrefix: '/timed' },
          stripPrefix: '/timed',
          upstreams: ['plain'],
          retry: { attempts: 5, backoffMs: 1, perTryTimeoutMs: 1_500, timeoutMs: 2_000 },
          fallback: { upstreams: ['plain'] },
        },
      ],
      pricing: { models: [{ model: 'large*', inputPer1k: 1, outputPer1k: 1 }] },
      tenants: [{ org: 'demo', keys: [demoKey.entry, { ...mini.entry, models: ['sim-gpt-mini'] }] }],
    },
  }));

  const ask = (prefix: string, body: object = {}): Promise<RawAnswer> =>
    call(`${mesh().baseUrl}${prefix}/v1/chat/completions`, {
      headers: bearer(key),
      body: JSON.stringify({ model: 'any', messages: [{ role: 'user', content: 'Hello' }], ...body }),
    });

  it('retry.timeoutMs ends the last attempt and begins no other', async () => {
    const { answerWith, requests } = await recording;
    answerWith(() => undefined);
    const startedAt = performance.now();
    const answer = await ask('/timed');
    // The second alone would last until three seconds.
    expect(performance.now() - startedAt).toBeLessThan(2_900);
    expect(answer.status).toBe(504);
    expect(parseBody(answer).error.code).toBe('first_byte_timeout');
    expect(requests).toHaveLength(2);
  });

  it('timeouts.totalMs cuts a stream that goes on: an error in-band, and what came is accounted for', async () => {
    (await recording).answerWith(endless('text/event-stream', delta));
    const answer = await ask('/brief', { stream: true });
    expect(answer.status).toBe(200);
    expect(answer.whole).toBe(true);
    const events = readEvents(answer.body);
    expect(events[0]?.data).toContain('word');
    expect(JSON.parse(events.at(-2)?.data ?? '').error.code).toBe('upstream_timeout');
    expect(events.at(-1)?.data).toBe('[DONE]');
    const id = answer.headers['x-request-id'] ?? '';
    const settled = await waitFor(
      () =>
        mesh()
          .mesh.services.metering.flatMap((service) => service.log().split('\n'))
          .find((line) => line.includes(id) && line.includes('usage settled')),
      { what: 'the account' },
    );
    expect(JSON.parse(settled)).toMatchObject({ outcome: 'timeout', quality: 'estimated' });
  });

  it('of a whole answer that does not end in time the client gets nothing but the error', async () => {
    (await recording).answerWith(endless('application/json', '['));
    const answer = await ask('/brief');
    expect(answer.status).toBe(504);
    expect(parseBody(answer).error.code).toBe('upstream_timeout');
  });

  it('tls: an upstream of an authority of its own is called where that is trusted, and not elsewhere', async () => {
    expect((await ask('/trusted')).status).toBe(200);
    expect((await secured).last().path).toBe('/v1/chat/completions');
    const refused = await ask('/untrusted');
    expect(refused.status).toBe(502);
    expect(parseBody(refused).error.code).toBe('connect_failed');
    expect((await secured).requests).toHaveLength(1);
  });

  describe('modelHeader', () => {
    const send = (path: string, model: string, body: object, secret = key): Promise<RawAnswer> =>
      call(`${mesh().baseUrl}${path}`, {
        headers: { ...bearer(secret), 'X-Model-Name': model },
        body: JSON.stringify(body),
      });
    const chat = '/spoken/v1/chat/completions';
    const messages = [{ role: 'user', content: 'Hello' }];

    it('names the model of a body that has none: to route by, to price by, and in the words of the upstream', async () => {
      const answer = await send('/run', 'large', { prompt: 'Hello' });
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ 'x-weir-upstream': 'named', 'x-inference-cost': '0.005' });
      const { headers, body } = (await recording).last();
      expect(headers['x-model-name']).toBe('large-v2');
      expect(body.toString()).toBe('{"prompt":"Hello"}');
      expect((await send('/run', 'other', { prompt: 'Hello' })).status).toBe(404);
    });

    it('and by the name that a fallback has', async () => {
      (await recording).answerWith((recorded, response) => {
        if (recorded.headers['x-model-name'] === 'large-v2') response.writeHead(503).end('{}');
        else answerAsAsked(recorded, response);
      });
      const answer = await send('/run', 'large', { prompt: 'Hello' });
      expect(answer.headers['x-weir-upstream']).toBe('smaller');
      expect((await recording).last().headers['x-model-name']).toBe('small');
    });

    it('goes into the body of an API that has the model there, and keys are held to it', async () => {
      expect((await send(chat, 'sim-gpt-mini', { messages }, mini.secret)).status).toBe(200);
      expect(parseBody((await recording).last())).toEqual({ model: 'sim-gpt-mini', messages });
      const refused = await send(chat, 'large', { messages }, mini.secret);
      expect(refused.status).toBe(403);
      expect(parseBody(refused).error.code).toBe('model_not_allowed');
    });

    it('that says something else than the body is refused', async () => {
      const refused = await send(chat, 'sim-gpt-mini', { model: 'large', messages });
      expect(refused.status).toBe(400);
      expect(parseBody(refused).error).toMatchObject({ code: 'bad_header', param: 'x-model-name' });
      expect((await send(chat, 'large', { model: 'large', messages })).status).toBe(200);
      expect((await recording).requests).toHaveLength(1);
    });
  });

  it('affinity.issueCookie gives a client a session, which stays where its first request went', async () => {
    const targets = await Promise.all([recording, second, third]);
    const homeOf = async (headers: Record<string, string>) => {
      for (const target of targets) target.clear();
      const answer = await call(`${mesh().baseUrl}/sticky/v1/chat/completions`, {
        headers: { ...bearer(key), ...headers },
        body: JSON.stringify({ model: 'any', messages: [{ role: 'user', content: 'Hello' }] }),
      });
      expect(answer.status).toBe(200);
      const home = targets.findIndex(({ requests }) => requests.length === 1);
      return { home, cookie: answer.headers['set-cookie'] };
    };
    const homes = new Set<number>();
    for (let client = 0; client < 12; client += 1) {
      const { home, cookie } = await homeOf({});
      expect(cookie).toMatch(/^sid=[\w-]{22}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/);
      const session = { cookie: `theme=dark; ${cookie?.split(';')[0]}` };
      for (let again = 0; again < 3; again += 1)
        expect(await homeOf(session)).toEqual({ home, cookie: undefined });
      homes.add(home);
    }
    expect(homes.size).toBeGreaterThan(1);
    expect((await ask('/trusted')).headers).not.toHaveProperty('set-cookie');
  });
});
