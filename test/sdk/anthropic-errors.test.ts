import Anthropic from '@anthropic-ai/sdk';
import { waitFor } from '@weir/testing';
import { expect, it } from 'vitest';
import { key, limitedKey, useMesh } from '../e2e/support/mesh-under-test.ts';

const mesh = useMesh();

const client = (options: { apiKey?: string; maxRetries?: number; timeout?: number } = {}): Anthropic =>
  new Anthropic({ apiKey: key, baseURL: mesh().baseUrl, maxRetries: 0, timeout: 20_000, ...options });

const body = {
  model: 'sim-claude',
  max_tokens: 4_000,
  messages: [{ role: 'user' as const, content: 'Say something [[tokens:15]]' }],
};

const faulty = (fault: string, more: Record<string, string> = {}) => ({
  headers: { 'x-sim-fault': fault, ...more },
});

/** So slow that the first token has left before the fault strikes. */
const paced = { 'x-sim-ttft-ms': '5', 'x-sim-itl-ms': '100' };

const failureOf = async (promise: Promise<unknown>): Promise<InstanceType<typeof Anthropic.APIError>> => {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof Anthropic.APIError) return failure;
  throw new Error(`expected an APIError, got ${String(failure)}`);
};

it.each([
  { fault: '400', error: Anthropic.BadRequestError, status: 400, type: 'invalid_request_error' },
  { fault: '404', error: Anthropic.NotFoundError, status: 404, type: 'not_found_error' },
  { fault: '409', error: Anthropic.ConflictError, status: 409, type: 'conflict_error' },
  { fault: '422', error: Anthropic.UnprocessableEntityError, status: 422, type: 'invalid_request_error' },
  { fault: '429', error: Anthropic.RateLimitError, status: 429, type: 'rate_limit_error' },
  { fault: '500', error: Anthropic.InternalServerError, status: 500, type: 'api_error' },
  { fault: '529', error: Anthropic.InternalServerError, status: 529, type: 'overloaded_error' },
])(
  'a provider that fails with $fault is a $status $type to the client',
  async ({ fault, error, status, type }) => {
    const failure = await failureOf(client().messages.create(body, faulty(fault)));
    expect(failure).toBeInstanceOf(error);
    expect(failure).toMatchObject({ status, type });
    expect((await mesh().simulator.settledCallsOf(failure.requestID ?? '')).length).toBe(
      status === 500 ? 3 : 1,
    );
  },
);

it('a provider that refuses our own credential is no fault of the client', async () => {
  const failure = await failureOf(client().messages.create(body, faulty('401')));
  expect(failure).toMatchObject({ status: 502, type: 'api_error' });
});

it('an unknown key is an AuthenticationError', async () => {
  const failure = await failureOf(client({ apiKey: 'sk-ant-nobody' }).messages.create(body));
  expect(failure).toBeInstanceOf(Anthropic.AuthenticationError);
  expect(failure).toMatchObject({ status: 401, type: 'authentication_error' });
});

it('a key without the right to a model is a PermissionDeniedError', async () => {
  const failure = await failureOf(client({ apiKey: limitedKey }).messages.create(body));
  expect(failure).toBeInstanceOf(Anthropic.PermissionDeniedError);
  expect(failure).toMatchObject({ status: 403, type: 'permission_error' });
});

it('a model that nobody serves is a NotFoundError', async () => {
  const failure = await failureOf(client().messages.create({ ...body, model: 'claude-none' }));
  expect(failure).toBeInstanceOf(Anthropic.NotFoundError);
  expect(failure).toMatchObject({ status: 404, type: 'not_found_error' });
});

it('a request without a model is a BadRequestError', async () => {
  const { model: _model, ...rest } = body;
  const failure = await failureOf(client().messages.create(rest as typeof body));
  expect(failure).toBeInstanceOf(Anthropic.BadRequestError);
  expect(failure).toMatchObject({ status: 400, type: 'invalid_request_error' });
});

it.each(['500', 'html-500', 'reset-before'])(
  'a client that retries does not multiply our own three attempts: %s',
  async (fault) => {
    const { simulator } = mesh();
    const before = await simulator.countCalls();
    const failure = await failureOf(client({ maxRetries: 2 }).messages.create(body, faulty(fault)));
    expect(failure).toBeInstanceOf(Anthropic.InternalServerError);
    expect((await simulator.countCalls()) - before).toBe(3);
    expect(failure.headers?.get('x-should-retry')).toBe('false');
  },
);

const readAll = async (stream: AsyncIterable<unknown>): Promise<void> => {
  for await (const _event of stream);
};

it.each([
  { fault: 'reset-after:4', type: 'api_error' },
  { fault: 'truncate:4', type: 'api_error' },
  { fault: 'error-event:4', type: 'overloaded_error' },
])('a stream that breaks in the middle throws the reason: $fault', async ({ fault, type }) => {
  const stream = await client().messages.create({ ...body, stream: true }, faulty(fault, paced));
  const failure = await failureOf(readAll(stream));
  expect(failure).toMatchObject({ status: undefined, type });
});

it('the stream helper throws when its stream breaks', async () => {
  await failureOf(client().messages.stream(body, faulty('truncate:4', paced)).finalMessage());
});

it('an error in the place of the first event has its own status', async () => {
  const failure = await failureOf(
    client().messages.create({ ...body, stream: true }, faulty('first-event-error')),
  );
  expect(failure).toBeInstanceOf(Anthropic.InternalServerError);
  expect(failure).toMatchObject({ status: 529, type: 'overloaded_error' });
});

it('a client that aborts a stream stops the provider', async () => {
  const asked = {
    ...body,
    messages: [{ role: 'user' as const, content: 'Go on [[tokens:2000]]' }],
    stream: true as const,
  };
  const headers = { 'x-sim-ttft-ms': '10', 'x-sim-itl-ms': '20' };
  const { data: stream, response } = await client().messages.create(asked, { headers }).withResponse();
  let seen = 0;
  for await (const _event of stream) {
    seen += 1;
    if (seen === 5) stream.controller.abort();
  }
  const id = response.headers.get('request-id') ?? '';
  const [only] = await mesh().simulator.settledCallsOf(id);
  expect(only?.outcome).toBe('aborted');
  expect(only?.completionTokens).toBeLessThan(200);
});

it('a call that is aborted while it waits is an APIUserAbortError', async () => {
  const { simulator } = mesh();
  const aborting = new AbortController();
  const failing = failureOf(
    client().messages.create(body, { ...faulty('stall-before'), signal: aborting.signal }),
  );
  await waitFor(async () => (await simulator.active()) === 1, { what: 'the call to reach the provider' });
  aborting.abort();
  expect(await failing).toBeInstanceOf(Anthropic.APIUserAbortError);
  await waitFor(async () => (await simulator.active()) === 0, { what: 'the provider to be let go' });
});

it('a call that takes longer than the client allows is an APIConnectionTimeoutError', async () => {
  const failure = await failureOf(client({ timeout: 400 }).messages.create(body, faulty('stall-before')));
  expect(failure).toBeInstanceOf(Anthropic.APIConnectionTimeoutError);
});
