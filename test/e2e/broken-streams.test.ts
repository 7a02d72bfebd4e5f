import { expect, it } from 'vitest';
import { anthropicHeaders, bearer, call, parseBody, readEvents } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';

const mesh = useMesh();

const prompt = 'Go on [[tokens:20]]';
const apis = {
  chat: {
    path: '/v1/chat/completions',
    headers: bearer(key),
    body: { model: 'sim-gpt', messages: [{ role: 'user', content: prompt }], stream: true },
  },
  completions: {
    path: '/v1/completions',
    headers: bearer(key),
    body: { model: 'sim-gpt', prompt, stream: true },
  },
  responses: {
    path: '/v1/responses',
    headers: bearer(key),
    body: { model: 'sim-gpt', input: prompt, stream: true },
  },
  messages: {
    path: '/v1/messages',
    headers: anthropicHeaders(key),
    body: {
      model: 'sim-claude',
      max_tokens: 64,
      messages: [{ role: 'user', content: prompt }],
      stream: true,
    },
  },
} as const;

/** So slow that the head has left before the fault strikes. */
const paced = { 'x-sim-ttft-ms': '5', 'x-sim-itl-ms': '60' };

const stream = (api: keyof typeof apis, fault: string, pace: Record<string, string> = paced) => {
  const { path, headers, body } = apis[api];
  return call(mesh().baseUrl + path, {
    headers: { ...headers, ...pace, 'x-sim-fault': fault },
    body: JSON.stringify(body),
  });
};

const cuts = [
  { fault: 'reset-after:8', reason: 'upstream_reset' },
  { fault: 'truncate:8', reason: 'upstream_truncated' },
] as const;

it.each((['chat', 'completions'] as const).flatMap((api) => cuts.map((cut) => ({ api, ...cut }))))(
  'a stream of $api that ends with $fault gives the events so far, then the error, then [DONE]',
  async ({ api, fault, reason }) => {
    const answer = await stream(api, fault);
    const events = readEvents(answer.body);
    expect(answer.status).toBe(200);
    expect(answer.whole).toBe(true);
    expect(events.length).toBe(10);
    const { error } = JSON.parse(events.at(-2)?.data ?? '');
    expect(error).toEqual({
      message: expect.any(String),
      type: expect.any(String),
      param: null,
      code: reason,
    });
    expect(events.at(-1)?.data).toBe('[DONE]');
    expect(answer.body.toString()).not.toContain('"finish_reason":"stop"');
  },
);

it.each(cuts)(
  'a message that ends with $fault gives the events so far, then an error event',
  async ({ fault }) => {
    const answer = await stream('messages', fault);
    const events = readEvents(answer.body);
    expect(answer.status).toBe(200);
    expect(events.length).toBe(9);
    expect(events.at(-1)?.name).toBe('error');
    expect(JSON.parse(events.at(-1)?.data ?? '')).toEqual({
      type: 'error',
      error: { type: 'api_error', message: expect.any(String) },
      request_id: answer.headers['x-request-id'],
    });
    expect(answer.body.toString()).not.toContain('message_stop');
  },
);

it.each(cuts)(
  'a response that ends with $fault gives the events so far, then an error event',
  async ({ fault, reason }) => {
    const answer = await stream('responses', fault);
    const events = readEvents(answer.body);
    const { type, code } = JSON.parse(events.at(-1)?.data ?? '');
    expect({ type, code }).toEqual({ type: 'error', code: reason });
    expect(events.at(-1)?.name).toBe('error');
    expect(answer.body.toString()).not.toContain('response.completed');
  },
);

it.each(['chat', 'completions', 'responses', 'messages'] as const)(
  'an error that the provider sends within its stream of %s passes unchanged',
  async (api) => {
    const { path, headers, body } = apis[api];
    const sent = { headers: { ...headers, 'x-sim-fault': 'error-event:8' }, body: JSON.stringify(body) };
    const direct = await call(mesh().simulator.url + path, sent);
    expect((await call(mesh().baseUrl + path, sent)).body.toString()).toBe(direct.body.toString());
  },
);

it.each([
  { api: 'chat' as const, status: 502, attempts: '3' },
  { api: 'completions' as const, status: 502, attempts: '3' },
  { api: 'messages' as const, status: 529, attempts: '1' },
])(
  'an error in the place of the first event of $api becomes a $status',
  async ({ api, status, attempts }) => {
    const answer = await stream(api, 'first-event-error', {});
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
    expect(answer.headers['x-weir-attempts']).toBe(attempts);
    expect(parseBody(answer).error.message.length).toBeGreaterThan(5);
  },
);

it.each(['chat', 'messages'] as const)(
  'a stream of %s that breaks before its first event is tried again',
  async (api) => {
    const { simulator, baseUrl } = mesh();
    await simulator.configure({ fault: { name: 'reset-after:0', count: 1 } });
    const { path, headers, body } = apis[api];
    const answer = await call(baseUrl + path, { headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(200);
    expect(answer.headers['x-weir-attempts']).toBe('2');
  },
);

it('a stream that has begun is never tried again', async () => {
  const answer = await stream('chat', 'reset-after:4');
  expect((await mesh().simulator.settledCallsOf(answer.headers['x-request-id'] ?? '')).length).toBe(1);
});

it('a whole answer that breaks in the middle is tried again, and then told as an error', async () => {
  const { path, headers, body } = apis.chat;
  const answer = await call(mesh().baseUrl + path, {
    headers: { ...headers, 'x-sim-fault': 'reset-after:1' },
    body: JSON.stringify({ ...body, stream: false }),
  });
  expect(answer.status).toBe(502);
  expect(parseBody(answer).error.code).toMatch(/^upstream_(reset|truncated)$/);
  expect((await mesh().simulator.settledCallsOf(answer.headers['x-request-id'] ?? '')).length).toBe(3);
});

it.each(['chat', 'messages'] as const)('a stream of %s starts slowly and is whole', async (api) => {
  const answer = await stream(api, 'slow-start:1200', {});
  expect(answer.status).toBe(200);
  expect(answer.whole).toBe(true);
  expect(answer.body.toString()).toMatch(/\[DONE\]|message_stop/);
});

it('a stream without usage is whole, and its tokens are left out of the headers', async () => {
  const { path, headers, body } = apis.chat;
  const sent = {
    headers: { ...headers, 'x-sim-fault': 'no-usage' },
    body: JSON.stringify({ ...body, stream: false }),
  };
  const answer = await call(mesh().baseUrl + path, sent);
  expect(answer.status).toBe(200);
  expect(answer.headers).not.toHaveProperty('x-token-usage');
});
