import { createHash } from 'node:crypto';
import {
  type Features,
  type StartedEvent,
  subjects,
  type UsageEvent,
  usageEventTypes,
} from '@weir/contracts';
import { connectNatsBus, type NatsBus } from '@weir/messaging';
import { isAttached, waitFor } from '@weir/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { anthropicHeaders, bearer, call, type RawAnswer } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';
import {
  answerAsAsked,
  type RecordingUpstream,
  startRecordingUpstream,
} from './support/recording-upstream.ts';

const keyOf = (id: string, rules: object = {}) => ({
  id,
  sha256: createHash('sha256').update(`secret-${id}`).digest('hex'),
  ...rules,
});

const plenty = { name: 'daily', limit: 1_000_000, period: 'daily' };
/** What is left of it after nothing is 200 tokens, less the prompt. */
const scarce = { ...plenty, limit: 200, onLow: 'clamp' };
const clampedBy = ({ headers }: RawAnswer): number => Number(headers['x-budget-clamped']);

describe.skipIf(isAttached())('what limits change on the wire', () => {
  let upstream: RecordingUpstream;
  let bus: NatsBus;
  const started: StartedEvent[] = [];

  const mesh = useMesh(async () => {
    upstream = await startRecordingUpstream();
    const targets = [upstream.url];
    return {
      env: { WEIR_POLICY_STORE_TIMEOUT_MS: '2000' },
      config: {
        version: 1,
        upstreams: {
          openai: { provider: 'openai', targets, models: ['gpt'], priceAs: 'priced' },
          compatible: { provider: 'openai-compatible', targets, models: ['llama'] },
          anthropic: { provider: 'anthropic', targets, models: ['claude'] },
          nowhere: { provider: 'openai', targets: ['http://127.0.0.1:1'], models: ['nowhere'] },
        },
        pricing: { models: [{ model: 'priced', inputPerMillion: 1, outputPerMillion: 10 }] },
        tenants: [
          {
            org: 'e2e',
            keys: [
              keyOf('free'),
              keyOf('plenty', { budgets: [plenty] }),
              keyOf('limited', { rateLimits: [{ requestsPerMinute: 1_000 }] }),
              keyOf('scarce', { budgets: [{ ...scarce, key: 'header:x-user-id' }] }),
            ],
          },
        ],
      },
    };
  });

  beforeAll(async () => {
    bus = await connectNatsBus({
      name: 'money-wire',
      servers: [mesh().mesh.nats().url],
      onError: () => undefined,
      onClosed: () => undefined,
    });
    bus.subscribe(subjects.usage, ({ data }) => {
      const batch: UsageEvent[] = JSON.parse(new TextDecoder().decode(data));
      started.push(...batch.filter((event) => event.type === usageEventTypes.started));
    });
    await bus.flush(2_000);
  });

  afterAll(async () => {
    await bus?.close(1_000);
    await upstream.close();
  });

  beforeEach(() => upstream.answerWith(answerAsAsked));

  let users = 0;

  const send = (id: string, body: string, path = '/v1/chat/completions'): Promise<RawAnswer> => {
    const headers = path === '/v1/messages' ? anthropicHeaders(`secret-${id}`) : bearer(`secret-${id}`);
    // A budget of its own for each request.
    users += 1;
    return call(mesh().baseUrl + path, { headers: { ...headers, 'x-user-id': `user-${users}` }, body });
  };

  const startOf = ({ headers }: RawAnswer): Promise<StartedEvent> =>
    waitFor(() => started.find(({ data }) => data.requestId === headers['x-request-id']), {
      what: 'the intent',
    });

  it.each([
    [
      '/v1/chat/completions',
      '{ "model":"gpt", "max_completion_tokens" : 9000, "messages":[]}',
      'max_completion_tokens',
      1,
    ],
    ['/v1/chat/completions', '{ "model":"gpt", "messages":[]}', 'max_completion_tokens', 1],
    ['/v1/chat/completions', '{ "model":"llama", "messages":[]}', 'max_tokens', 1],
    ['/v1/chat/completions', '{"model":"llama","max_tokens":900,"n":3,"messages":[]}', 'max_tokens', 3],
    ['/v1/responses', '{"model":"gpt","input":"a"}', 'max_output_tokens', 1],
    ['/v1/messages', '{"model":"claude","max_tokens":9000,"messages":[]}', 'max_tokens', 1],
  ])('a budget lowers the cap of %s %s', async (path, body, name, choices) => {
    const answer = await send('scarce', body, path);
    expect(answer.status).toBe(200);
    const clamped = clampedBy(answer);
    expect(clamped).toBeGreaterThan(150);
    expect(clamped).toBeLessThan(200);
    const sent = JSON.parse(upstream.last().body.toString());
    expect(sent).toEqual({ ...JSON.parse(body), [name]: Math.floor(clamped / choices) });
    // Every other byte is the client's.
    const value = new RegExp(`"${name}" ?: ?\\d+,?`);
    expect(upstream.last().body.toString().replace(value, '')).toBe(body.replace(value, ''));
  });

  it.each([
    ['free', '{ "model":"gpt", "max_tokens": 9000 ,"messages":[]}'],
    ['plenty', '{ "model":"gpt", "max_tokens": 9000 ,"messages":[]}'],
    ['scarce', '{ "model":"gpt", "max_tokens": 100 ,"messages":[]}'],
  ])('with key %s the body of a request that fits stays as it is', async (id, body) => {
    const answer = await send(id, body);
    expect(answer.headers).not.toHaveProperty('x-budget-clamped');
    expect(upstream.last().body.toString()).toBe(body);
  });

  it('what policy says of limits takes the place of what the provider says of its own', async () => {
    const ownLimits = { 'x-ratelimit-limit-tokens': '7', 'x-budget-remaining': '1', 'x-other': 'kept' };
    upstream.answerWith((_recorded, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...ownLimits });
      response.end('{}');
    });
    const body = '{"model":"gpt","messages":[]}';
    expect((await send('free', body)).headers).toMatchObject(ownLimits);
    const budgeted = (await send('plenty', body)).headers;
    expect(budgeted).toMatchObject({ 'x-ratelimit-limit-tokens': '7', 'x-other': 'kept' });
    expect(Number(budgeted['x-budget-remaining'])).toBeGreaterThan(900_000);
    const limited = (await send('limited', body)).headers;
    expect(limited).toMatchObject({ 'x-ratelimit-limit-requests': '1000', 'x-other': 'kept' });
    expect(limited).not.toHaveProperty('x-ratelimit-limit-tokens');
  });

  it('an error of the mesh says what is left too', async () => {
    const failed = await send('plenty', '{"model":"nowhere","messages":[]}');
    expect(failed.status).toBeGreaterThanOrEqual(500);
    expect(Number(failed.headers['x-budget-remaining'])).toBeGreaterThan(0);
    expect(failed.headers['x-budget-period-reset']).toMatch(/Z$/);
  });

  it('a whole answer says what it cost, where there is a price', async () => {
    // 3 tokens in at 1, 2 out at 10 per million.
    const priced = await send('free', '{"model":"gpt","messages":[]}');
    expect(priced.headers['x-inference-cost']).toBe('0.000023');
    const unpriced = await send('free', '{"model":"llama","messages":[]}');
    expect(unpriced.headers).not.toHaveProperty('x-inference-cost');
    const stream = await send('free', '{"model":"gpt","stream":true,"messages":[]}');
    expect(stream.headers).not.toHaveProperty('x-inference-cost');
  });

  it('an intent names the counters that are charged, the price and the adapter', async () => {
    const { data } = await startOf(await send('plenty', '{"model":"gpt","messages":[]}'));
    expect(data).toMatchObject({ priceAs: 'priced', charges: [expect.stringContaining('daily')] });
    expect(data.adapter).toBe(mesh().mesh.services.adapter[0]?.instance);
    const free = await startOf(await send('free', '{"model":"llama","messages":[]}'));
    expect(free.data).not.toHaveProperty('charges');
    expect(free.data).not.toHaveProperty('priceAs');
  });

  it('input tokens are counted by the tokenizer, as limits need them', async () => {
    const content = 'antidisestablishmentarianism '.repeat(40);
    const body = JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content }] });
    const { data } = await waitFor(
      async () => {
        const event = await startOf(await send('free', body));
        const byChars: Features['inputTokens'] = Math.ceil((content.length + 'gptuser'.length) / 4);
        return event.data.estimatedInput === byChars ? undefined : event;
      },
      { what: 'the tokenizer' },
    );
    expect(data.estimatedInput).toBeGreaterThan(40 * 4);
    expect(data.estimatedInput).toBeLessThan(40 * 7.5);
  });
});
