import { waitFor } from '@weir/testing';
import OpenAI from 'openai';
import { expect, it } from 'vitest';
import { key, limitedKey, useMesh } from '../e2e/support/mesh-under-test.ts';

const mesh = useMesh();

const client = (options: { apiKey?: string; maxRetries?: number; timeout?: number } = {}): OpenAI =>
  new OpenAI({ apiKey: key, baseURL: `${mesh().baseUrl}/v1`, maxRetries: 0, timeout: 20_000, ...options });

const user = (content: string) => [{ role: 'user' as const, content }];
const chat = { model: 'sim-gpt', messages: user('Say something [[tokens:15]]') };

const faulty = (fault: string, more: Record<string, string> = {}) => ({
  headers: { 'x-sim-fault': fault, ...more },
});

/** So slow that the first token has left before the fault strikes. */
const paced = { 'x-sim-ttft-ms': '5', 'x-sim-itl-ms': '100' };

const failureOf = async (promise: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> => {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof OpenAI.APIError) return failure;
  throw new Error(`expected an APIError, got ${String(failure)}`);
};

it.each([
  { fault: '400', type: OpenAI.BadRequestError, status: 400 },
  { fault: '404', type: OpenAI.NotFoundError, status: 404 },
  { fault: '409', type: OpenAI.ConflictError, status: 409 },
  { fault: '422', type: OpenAI.UnprocessableEntityError, status: 422 },
  { fault: '429', type: OpenAI.RateLimitError, status: 429 },
  { fault: '500', type: OpenAI.InternalServerError, status: 500 },
  { fault: '503', type: OpenAI.InternalServerError, status: 503 },
  { fault: 'html-500', type: OpenAI.InternalServerError, status: 500 },
])('a provider that fails with $fault is a $status to the client', async ({ fault, type, status }) => {
  const failure = await failureOf(client().chat.completions.create(chat, faulty(fault)));
  expect(failure).toBeInstanceOf(type);
  expect(failure.status).toBe(status);
  const calls = await mesh().simulator.settledCallsOf(failure.requestID ?? '');
  expect(calls.length).toBe(status >= 500 ? 3 : 1);
});

it.each(['401', '403'])(
  'a provider that refuses our own credential with %s is no fault of the client',
  async (fault) => {
    const failure = await failureOf(client().chat.completions.create(chat, faulty(fault)));
    expect(failure).toBeInstanceOf(OpenAI.InternalServerError);
    expect(failure).toMatchObject({ status: 502, code: 'upstream_credentials' });
  },
);

it('an unknown key is an AuthenticationError', async () => {
  const failure = await failureOf(client({ apiKey: 'sk-nobody' }).chat.completions.create(chat));
  expect(failure).toBeInstanceOf(OpenAI.AuthenticationError);
  expect(failure).toMatchObject({ status: 401, code: 'invalid_api_key' });
});

it('a key without the right to a model is a PermissionDeniedError', async () => {
  const failure = await failureOf(client({ apiKey: limitedKey }).chat.completions.create(chat));
  expect(failure).toBeInstanceOf(OpenAI.PermissionDeniedError);
  expect(failure).toMatchObject({ status: 403, code: 'model_not_allowed', param: 'model' });
});

it('a model that nobody serves is a NotFoundError', async () => {
  const failure = await failureOf(client().chat.completions.create({ ...chat, model: 'gpt-none' }));
  expect(failure).toBeInstanceOf(OpenAI.NotFoundError);
  expect(failure).toMatchObject({ status: 404, code: 'model_not_found' });
});

it('a request without a model is a BadRequestError', async () => {
  const failure = await failureOf(
    client().chat.completions.create({ messages: chat.messages } as typeof chat),
  );
  expect(failure).toBeInstanceOf(OpenAI.BadRequestError);
  expect(failure).toMatchObject({ status: 400, code: 'missing_model', param: 'model' });
});

it.each(['500', '503', 'html-500', 'reset-before', 'first-event-error'])(
  'a client that retries does not multiply our own three attempts: %s',
  async (fault) => {
    const { simulator } = mesh();
    const before = await simulator.countCalls();
    const streams = fault === 'first-event-error';
    const failure = await failureOf(
      client({ maxRetries: 2 }).chat.completions.create({ ...chat, stream: streams }, faulty(fault)),
    );
    expect(failure).toBeInstanceOf(OpenAI.InternalServerError);
    expect((await simulator.countCalls()) - before).toBe(3);
    expect(failure.headers?.get('x-should-retry')).toBe('false');
  },
);

it.each([
  { what: 'an unknown key', options: { apiKey: 'sk-nobody', maxRetries: 2 }, body: chat },
  { what: 'a forbidden model', options: { apiKey: limitedKey, maxRetries: 2 }, body: chat },
])('$what is not tried again', async ({ options, body }) => {
  const failure = await failureOf(client(options).chat.completions.create(body));
  expect(failure.headers?.get('x-should-retry')).toBe('false');
});

it('a provider that recovers within our attempts is no error to the client', async () => {
  const { simulator } = mesh();
  await simulator.configure({ fault: { name: '503', count: 2 } });
  const completion = await client().chat.completions.create(chat);
  expect(completion.choices[0]?.finish_reason).toBe('stop');
  const calls = await simulator.settledCallsOf(completion._request_id ?? '');
  expect(calls.map(({ status }) => status)).toEqual([503, 503, 200]);
});

const readAll = async (stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> => {
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return text;
};

it.each([
  { fault: 'reset-after:4', code: 'upstream_reset' },
  { fault: 'truncate:4', code: 'upstream_truncated' },
  { fault: 'error-event:4', code: 'server_error' },
])('a stream that breaks after its first token throws the reason: $fault', async ({ fault, code }) => {
  const stream = await client().chat.completions.create({ ...chat, stream: true }, faulty(fault, paced));
  const failure = await failureOf(readAll(stream));
  expect(failure).toMatchObject({ status: undefined, code });
});

it('the stream helper throws when its stream breaks', async () => {
  const stream = client().chat.completions.stream(chat, faulty('truncate:4', paced));
  await expect(stream.finalChatCompletion()).rejects.toBeInstanceOf(OpenAI.OpenAIError);
});

it('a response that breaks in the middle throws', async () => {
  const stream = await client().responses.create(
    { model: 'sim-gpt', input: 'Say [[tokens:20]]', stream: true },
    faulty('reset-after:8', paced),
  );
  const failure = await failureOf(
    (async () => {
      for await (const _event of stream);
    })(),
  );
  expect(failure.code).toBe('upstream_reset');
});

it('an error in the place of the first event has a status of its own', async () => {
  const failure = await failureOf(
    client().chat.completions.create({ ...chat, stream: true }, faulty('first-event-error')),
  );
  expect(failure).toBeInstanceOf(OpenAI.InternalServerError);
  expect(failure.error).toMatchObject({ type: 'server_error' });
});

it('a slow provider is waited for', async () => {
  const completion = await client().chat.completions.create(chat, faulty('slow-start:1500'));
  expect(completion.choices[0]?.finish_reason).toBe('stop');
});

const abortedCalls = (requestId: string) =>
  waitFor(
    async () => {
      const calls = await mesh().simulator.callsOf(requestId);
      return calls.length > 0 && calls.every(({ outcome }) => outcome === 'aborted') ? calls : undefined;
    },
    { what: 'the provider to see that the client has left', timeoutMs: 5_000 },
  );

it('a client that aborts a stream stops the provider', async () => {
  const stream = await client()
    .chat.completions.create(
      { ...chat, messages: user('Go on [[tokens:2000]]'), stream: true },
      { headers: { 'x-sim-ttft-ms': '10', 'x-sim-itl-ms': '20' } },
    )
    .withResponse();
  let seen = 0;
  for await (const _chunk of stream.data) {
    seen += 1;
    if (seen === 5) stream.data.controller.abort();
  }
  const [only] = await abortedCalls(stream.response.headers.get('x-request-id') ?? '');
  expect(only?.completionTokens).toBeLessThan(200);
});

it('a call that is aborted while it waits is an APIUserAbortError, and stops the provider', async () => {
  const { simulator } = mesh();
  const aborting = new AbortController();
  const failing = failureOf(
    client().chat.completions.create(chat, { ...faulty('stall-before'), signal: aborting.signal }),
  );
  await waitFor(async () => (await simulator.active()) === 1, { what: 'the call to reach the provider' });
  aborting.abort();
  expect(await failing).toBeInstanceOf(OpenAI.APIUserAbortError);
  await waitFor(async () => (await simulator.active()) === 0, { what: 'the provider to be let go' });
});

it.each([400, 1_500])(
  'a call that takes longer than the client allows is an APIConnectionTimeoutError: %i ms',
  async (timeout) => {
    const { simulator } = mesh();
    const failure = await failureOf(
      client({ timeout }).chat.completions.create(chat, faulty('stall-before')),
    );
    expect(failure).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    await waitFor(async () => (await simulator.active()) === 0, { what: 'the provider to be let go' });
  },
);
