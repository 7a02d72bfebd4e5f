import { expect, it } from 'vitest';
import { anthropicHeaders, bearer, call } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';

const mesh = useMesh();

const chat = { path: '/v1/chat/completions', headers: bearer(key), upstream: 'sim-openai' };
const messages = { path: '/v1/messages', headers: anthropicHeaders(key), upstream: 'sim-anthropic' };
const chatBody = {
  model: 'sim-gpt',
  messages: [{ role: 'user', content: 'Four chars a token [[tokens:7]]' }],
};
const messagesBody = { ...chatBody, model: 'sim-claude', max_tokens: 50 };

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

it.each([
  { ...chat, body: chatBody },
  { ...messages, body: messagesBody },
])('a whole answer of $path says what is known of it', async ({ path, headers, body, upstream }) => {
  const { baseUrl, simulator } = mesh();
  const text = JSON.stringify(body);
  const answer = await call(baseUrl + path, {
    headers: { ...headers, 'x-correlation-id': 'order-66' },
    body: text,
  });
  const id = answer.headers['x-request-id'] ?? '';
  const [counted] = await simulator.settledCallsOf(id);
  expect(id).toMatch(uuid);
  expect(answer.headers).toMatchObject({
    'x-correlation-id': 'order-66',
    'x-weir-upstream': upstream,
    'x-weir-attempts': '1',
    'x-request-size': String(text.length),
    'x-response-size': String(answer.body.byteLength),
    'content-length': String(answer.body.byteLength),
  });
  expect(Number(answer.headers['x-process-time'])).toBeGreaterThan(0);
  expect(Number(answer.headers['x-process-time'])).toBeLessThan(10);
  expect(JSON.parse(answer.headers['x-token-usage'] ?? '')).toEqual({
    input: counted?.promptTokens,
    output: counted?.completionTokens,
  });
});

it.each([
  { ...chat, body: chatBody },
  { ...messages, body: messagesBody },
])(
  'a stream of $path says what is known at its start, and nothing else',
  async ({ path, headers, body, upstream }) => {
    const answer = await call(mesh().baseUrl + path, {
      headers: { ...headers, 'x-correlation-id': 'order-66', 'x-sim-ttft-ms': '5', 'x-sim-itl-ms': '5' },
      body: JSON.stringify({ ...body, stream: true }),
    });
    expect(answer.headers['x-request-id']).toMatch(uuid);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-correlation-id': 'order-66',
      'x-weir-upstream': upstream,
      'x-weir-attempts': '1',
    });
    for (const late of ['x-token-usage', 'x-process-time', 'x-response-size'])
      expect(answer.headers).not.toHaveProperty(late);
  },
);

it('without a correlation id of the client, the request id is one', async () => {
  const { headers } = await call(mesh().baseUrl + chat.path, {
    headers: chat.headers,
    body: JSON.stringify(chatBody),
  });
  expect(headers['x-correlation-id']).toBe(headers['x-request-id']);
});

it.each([
  ['an unknown key', { ...bearer('weir-nobody') }, JSON.stringify(chatBody)],
  ['a malformed body', bearer(key), '{'],
])('also %s is told with the correlation id of the client', async (_what, headers, body) => {
  const answer = await call(mesh().baseUrl + chat.path, {
    headers: { ...headers, 'x-correlation-id': 'order-66' },
    body,
  });
  expect(answer.headers['x-correlation-id']).toBe('order-66');
});

it('a request id of the client does not become ours', async () => {
  const headers = { ...chat.headers, 'x-request-id': '../../etc/passwd' };
  const answer = await call(mesh().baseUrl + chat.path, { headers, body: JSON.stringify(chatBody) });
  expect(answer.headers['x-request-id']).toMatch(uuid);
});

it.each(['503', 'html-500', 'reset-before'])(
  'after attempts that failed with %s, the answer tells how many there were',
  async (fault) => {
    const { baseUrl, simulator } = mesh();
    await simulator.configure({ fault: { name: fault, count: 2 } });
    const answer = await call(baseUrl + chat.path, { headers: chat.headers, body: JSON.stringify(chatBody) });
    expect(answer.status).toBe(200);
    expect(answer.headers['x-weir-attempts']).toBe('3');
    const calls = await simulator.settledCallsOf(answer.headers['x-request-id'] ?? '');
    expect(calls.map(({ outcome }) => outcome)).toEqual(['faulted', 'faulted', 'completed']);
  },
);

it('after three attempts the answer of the provider is relayed as it is', async () => {
  const { baseUrl, simulator } = mesh();
  const headers = { ...bearer(key), 'x-sim-fault': '503' };
  const direct = await call(simulator.url + chat.path, { headers, body: JSON.stringify(chatBody) });
  const answer = await call(baseUrl + chat.path, { headers, body: JSON.stringify(chatBody) });
  expect(answer.status).toBe(503);
  expect(answer.body.toString()).toBe(direct.body.toString());
  expect(answer.headers).toMatchObject({ 'x-weir-attempts': '3', 'x-should-retry': 'false' });
});
