import { expect, it } from 'vitest';
import { anthropicHeaders, bearer, call } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';
import { sampleRequests } from './support/sample-requests.ts';

const mesh = useMesh();

it.each(sampleRequests)('the bytes of $what are those of the provider', async ({ path, api, body }) => {
  const { baseUrl, simulator } = mesh();
  const sent = {
    headers: api === 'openai' ? bearer(key) : anthropicHeaders(key),
    body: JSON.stringify(body),
  };
  const direct = await call(simulator.url + path, sent);
  const relayed = await call(baseUrl + path, sent);
  expect(relayed.body.toString()).toBe(direct.body.toString());
  expect(relayed.body.equals(direct.body)).toBe(true);
  expect(relayed.status).toBe(direct.status);
  expect(relayed.headers['content-type']).toBe(direct.headers['content-type']);
});

it.each([1, 2, 3, 4, 5, 6])(
  'the bytes are those of the provider wherever the network cuts its stream, cut %i',
  async (seed) => {
    const { baseUrl, simulator } = mesh();
    const body = JSON.stringify({
      model: 'sim-gpt',
      messages: [{ role: 'user', content: 'unicode [[tokens:200]]' }],
      stream: true,
    });
    const direct = await call(`${simulator.url}/v1/chat/completions`, { headers: bearer(key), body });
    const relayed = await call(`${baseUrl}/v1/chat/completions`, {
      headers: { ...bearer(key), 'x-sim-split': String(seed) },
      body,
    });
    expect(relayed.body.toString()).toBe(direct.body.toString());
  },
);

it.each([
  { path: '/v1/chat/completions', api: 'openai', body: { model: 'sim-gpt', messages: [] } },
  {
    path: '/v1/chat/completions',
    api: 'openai',
    body: { model: 'sim-gpt', messages: [{ role: 'user', content: 'a' }], n: 2 },
  },
  {
    path: '/v1/responses',
    api: 'openai',
    body: { model: 'sim-gpt', input: 'a', previous_response_id: 'resp_1' },
  },
])(
  'the answer of the provider to a request that it refuses passes unchanged: $path $body',
  async ({ path, body }) => {
    const { baseUrl, simulator } = mesh();
    const sent = { headers: bearer(key), body: JSON.stringify(body) };
    const direct = await call(simulator.url + path, sent);
    const relayed = await call(baseUrl + path, sent);
    expect(direct.status).toBe(400);
    expect(relayed.status).toBe(400);
    expect(relayed.body.toString()).toBe(direct.body.toString());
  },
);

it('an answer of many megabytes passes unchanged', async () => {
  const { baseUrl, simulator } = mesh();
  const body = JSON.stringify({
    model: 'sim-embed',
    input: Array.from({ length: 512 }, (_, index) => `text ${index}`),
    dimensions: 1_024,
  });
  const sent = { headers: bearer(key), body };
  const direct = await call(`${simulator.url}/v1/embeddings`, sent);
  const relayed = await call(`${baseUrl}/v1/embeddings`, sent);
  expect(direct.body.byteLength).toBeGreaterThan(5_000_000);
  expect(relayed.body.equals(direct.body)).toBe(true);
});
