import { connect } from 'node:net';
import { expect, it } from 'vitest';
import {
  anthropicHeaders,
  bearer,
  call,
  jsonHeaders,
  parseBody,
  type RawAnswer,
} from './support/http-call.ts';
import { key, limitedKey, useMesh } from './support/mesh-under-test.ts';

const mesh = useMesh();

const chat = '/v1/chat/completions';
const messages = '/v1/messages';
const paths = { openai: chat, anthropic: messages } as const;
const bodies = {
  openai: { model: 'sim-gpt', messages: [{ role: 'user', content: 'x' }] },
  anthropic: { model: 'sim-claude', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] },
} as const;

type Api = keyof typeof paths;

const headersOf = (api: Api, apiKey: string): Record<string, string> =>
  api === 'openai' ? bearer(apiKey) : anthropicHeaders(apiKey);

/** Checks status, shape and identity of an error on one API, and gives what it says. */
const errorOf = (
  api: Api,
  answer: RawAnswer,
  status: number,
): { type: string; code?: string; message: string } => {
  expect(answer.status, answer.body.toString()).toBe(status);
  expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
  expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  const body = parseBody(answer);
  expect(body.error.message.length).toBeGreaterThan(10);
  if (api === 'anthropic') {
    expect(Object.keys(body)).toEqual(['type', 'error', 'request_id']);
    expect(body.type).toBe('error');
    expect(Object.keys(body.error)).toEqual(['type', 'message']);
    expect(body.request_id).toBe(answer.headers['request-id']);
  } else {
    expect(Object.keys(body)).toEqual(['error']);
    expect(Object.keys(body.error)).toEqual(['message', 'type', 'param', 'code']);
  }
  return body.error;
};

interface Case {
  readonly what: string;
  readonly status: number;
  /** Of the OpenAI API. */
  readonly code: string;
  /** Of the Anthropic API. */
  readonly type: string;
  readonly change: (api: Api) => {
    path?: string;
    method?: string;
    headers?: Record<string, string>;
    body?: string;
  };
}

const cases: readonly Case[] = [
  {
    what: 'an unknown key',
    status: 401,
    code: 'invalid_api_key',
    type: 'authentication_error',
    change: (api) => ({ headers: headersOf(api, 'weir-nobody') }),
  },
  {
    what: 'no key',
    status: 401,
    code: 'invalid_api_key',
    type: 'authentication_error',
    change: () => ({ headers: jsonHeaders }),
  },
  {
    what: 'an empty key',
    status: 401,
    code: 'invalid_api_key',
    type: 'authentication_error',
    change: () => ({ headers: { ...jsonHeaders, authorization: 'Bearer ', 'x-api-key': '' } }),
  },
  {
    what: 'a key that begins like a good one',
    status: 401,
    code: 'invalid_api_key',
    type: 'authentication_error',
    change: (api) => ({ headers: headersOf(api, `${key}x`) }),
  },
  {
    what: 'a key without the right to the model',
    status: 403,
    code: 'model_not_allowed',
    type: 'permission_error',
    change: (api) => ({ headers: headersOf(api, limitedKey) }),
  },
  {
    what: 'an unknown model',
    status: 404,
    code: 'model_not_found',
    type: 'not_found_error',
    change: (api) => ({ body: JSON.stringify({ ...bodies[api], model: 'no-such-model' }) }),
  },
  {
    what: 'a model of the other API',
    status: 501,
    code: 'feature_not_supported',
    type: 'api_error',
    change: (api) => ({
      body: JSON.stringify({ ...bodies[api], model: api === 'openai' ? 'sim-claude' : 'sim-gpt' }),
    }),
  },
  {
    what: 'no model',
    status: 400,
    code: 'missing_model',
    type: 'invalid_request_error',
    change: () => ({ body: '{"messages":[]}' }),
  },
  {
    what: 'an empty model',
    status: 400,
    code: 'missing_model',
    type: 'invalid_request_error',
    change: () => ({ body: '{"model":"","messages":[]}' }),
  },
  {
    what: 'a malformed body',
    status: 400,
    code: 'bad_json',
    type: 'invalid_request_error',
    change: () => ({ body: '{"model": sim' }),
  },
  {
    what: 'an empty body',
    status: 400,
    code: 'bad_body',
    type: 'invalid_request_error',
    change: () => ({ body: '' }),
  },
  {
    what: 'a form',
    status: 415,
    code: 'unsupported_media_type',
    type: 'invalid_request_error',
    change: (api) => ({
      headers: { ...headersOf(api, key), 'content-type': 'application/x-www-form-urlencoded' },
      body: 'model=sim-gpt',
    }),
  },
  {
    what: 'a compressed body',
    status: 415,
    code: 'unsupported_media_type',
    type: 'invalid_request_error',
    change: (api) => ({ headers: { ...headersOf(api, key), 'content-encoding': 'gzip' } }),
  },
  {
    what: 'a wrong path',
    status: 404,
    code: 'route_not_found',
    type: 'not_found_error',
    change: (api) => ({ path: `${paths[api]}/more` }),
  },
  {
    what: 'a path that climbs out of its route',
    status: 404,
    code: 'route_not_found',
    type: 'not_found_error',
    change: (api) => ({ path: `${paths[api]}/%2e%2e/%2e%2e/admin/reset` }),
  },
];

const apis: readonly Api[] = ['openai', 'anthropic'];

it.each(apis.flatMap((api) => cases.map((one) => ({ ...one, api }))))(
  '$what on the $api API is a $status, and no provider hears of it',
  async ({ api, change, status, code, type }) => {
    const { baseUrl, simulator } = mesh();
    const before = await simulator.countCalls();
    const {
      path = paths[api],
      headers = headersOf(api, key),
      body = JSON.stringify(bodies[api]),
    } = change(api);
    const answer = await call(baseUrl + path, { headers, body });
    const error = errorOf(api, answer, status);
    if (api === 'openai') expect(error.code).toBe(code);
    else expect(error.type).toBe(type);
    // The official clients would try a 501 again.
    if (status >= 500) expect(answer.headers['x-should-retry']).toBe('false');
    expect(await simulator.countCalls()).toBe(before);
  },
);

it.each([
  { api: 'openai' as const, method: 'GET', path: chat, allow: 'POST' },
  { api: 'openai' as const, method: 'DELETE', path: '/v1/embeddings', allow: 'POST' },
  { api: 'openai' as const, method: 'PUT', path: '/v1/responses', allow: 'POST' },
  { api: 'openai' as const, method: 'POST', path: '/v1/models', allow: 'GET' },
  { api: 'openai' as const, method: 'DELETE', path: '/v1/models/sim-gpt', allow: 'GET' },
  { api: 'anthropic' as const, method: 'GET', path: messages, allow: 'POST' },
  { api: 'anthropic' as const, method: 'PATCH', path: '/v1/messages/count_tokens', allow: 'POST' },
])('$method $path is a 405 that says what is allowed', async ({ api, method, path, allow }) => {
  const { baseUrl, simulator } = mesh();
  const before = await simulator.countCalls();
  const answer = await call(baseUrl + path, { method, headers: headersOf(api, key) });
  errorOf(api, answer, 405);
  expect(answer.headers['allow']).toBe(allow);
  expect(await simulator.countCalls()).toBe(before);
});

it.each(['/', '/v1', '/v1/', '/admin/reset', '/v1/chat', '/metrics'])(
  'there is nothing at %s',
  async (path) => {
    const answer = await call(mesh().baseUrl + path, { method: 'GET', headers: bearer(key) });
    errorOf('openai', answer, 404);
  },
);

it('a limited key may do what it has the right to, by name and not by alias', async () => {
  const { baseUrl } = mesh();
  const send = (model: string) =>
    call(baseUrl + chat, { headers: bearer(limitedKey), body: JSON.stringify({ ...bodies.openai, model }) });
  expect((await send('sim-gpt-mini')).status).toBe(200);
  expect((await send('fast')).status).toBe(403);
});

it.each(['hello', 'GET / HTTP/9.9', 'POST /v1/messages HTTP/1.1\r\ncontent-length: x'])(
  'what is no HTTP is a 400 and a closed connection: %j',
  async (text) => {
    const { hostname, port } = new URL(mesh().baseUrl);
    const heard = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(`${text}\r\n\r\n`));
      let all = '';
      socket.on('data', (bytes) => {
        all += bytes.toString();
      });
      socket.on('close', () => resolve(all));
      socket.on('error', reject);
      socket.setTimeout(10_000, () => socket.destroy(new Error('still open')));
    });
    expect(heard).toMatch(/^HTTP\/1\.1 (400|505) /);
    expect(heard).toContain('"error"');
  },
);
