import { createHash } from 'node:crypto';
import { isAttached, type MeshService, waitFor } from '@weir/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { readExample, sendExample } from './support/example.ts';
import { call, parseBody, type RawAnswer, readEvents } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';
import { reportUsage } from './support/priced-upstream.ts';
import { startRecordingUpstream } from './support/recording-upstream.ts';

const example = await readExample('llm-gateway');
const [openai, anthropic, streaming, exhausted] = example.calls;

const nextMidnight = (): string =>
  `${new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)}T00:00:00Z`;

const nextMonth = (): string => {
  const now = new Date();
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
  return first.toISOString().replace('.000Z', 'Z');
};

const metricsOf = async (service: MeshService | undefined): Promise<string> =>
  (await call(`${service?.healthUrl}/metrics`, { method: 'GET' })).body.toString();

describe.skipIf(isAttached())('the LLM gateway as it stands, with the simulator', () => {
  const mesh = useMesh({ config: example.configFile });

  it('answers the calls of its README', async () => {
    expect(example.calls.map(({ path }) => path)).toEqual([
      '/v1/openai/chat/completions',
      '/v1/anthropic/messages',
      '/v1/openai/chat/completions',
      '/v1/openai/chat/completions',
    ]);
    const { baseUrl } = mesh();
    const first = await sendExample(baseUrl, openai);
    expect(first.status).toBe(200);
    expect(first.headers).toMatchObject({
      'x-budget-remaining': '1095893',
      'x-budget-period-reset': nextMidnight(),
      'x-inference-cost': '0.000235',
      'x-token-usage': '{"input":2,"output":15}',
      'x-weir-upstream': 'openai',
    });
    const second = await sendExample(baseUrl, anthropic);
    expect(second.status).toBe(200);
    expect(second.headers).toMatchObject({
      'x-inference-cost': '0.000336',
      'x-budget-remaining': '1998959',
      'x-weir-upstream': 'anthropic',
    });
    const stream = await sendExample(baseUrl, streaming);
    expect(readEvents(stream.body).at(-1)?.data).toBe('[DONE]');
    const refused = await sendExample(baseUrl, exhausted);
    expect(refused.status).toBe(429);
    expect(parseBody(refused)).toMatchObject({
      error: { message: expect.stringMatching(/^Token budget exhausted/), code: 'insufficient_quota' },
    });
  });
});

describe.skipIf(isAttached())('the LLM gateway, with a provider that reports what a test wants', () => {
  const upstream = startRecordingUpstream();
  afterAll(async () => (await upstream).close());

  let clients = 0;
  const secrets = Array.from({ length: 40 }, (_, index) => `client-${index}`);
  /** Limits are by client: each test has its own. */
  const newClient = (): { readonly 'X-API-Key': string } => {
    const secret = secrets[clients];
    clients += 1;
    if (secret === undefined) throw new Error('more clients, please');
    return { 'X-API-Key': secret };
  };

  const mesh = useMesh(async () => {
    const keys = secrets.map((secret) => ({
      id: secret,
      sha256: createHash('sha256').update(secret).digest('hex'),
    }));
    const config = example.configFor((await upstream).url);
    return {
      config: { ...config, tenants: [{ org: 'clients', keys }] },
      env: { WEIR_POLICY_STORE_TIMEOUT_MS: '2000' },
    };
  });

  const openaiCall = (headers: object, body: object = {}): Promise<RawAnswer> =>
    sendExample(mesh().baseUrl, openai, { headers: { ...headers }, body });
  const anthropicCall = (headers: object, body: object = {}): Promise<RawAnswer> =>
    sendExample(mesh().baseUrl, anthropic, { headers: { ...headers }, body });
  const localCall = (headers: object, body: object = {}): Promise<RawAnswer> =>
    sendExample(mesh().baseUrl, openai && { ...openai, path: '/v1/local/chat/completions' }, {
      headers: { ...headers },
      body: { model: 'llama-3-70b', ...body },
    });

  it.each([
    ['/v1/openai', openaiCall, '/v1/chat/completions', 'openai'],
    ['/v1/anthropic', anthropicCall, '/v1/messages', 'anthropic'],
    ['/v1/local', localCall, '/v1/chat/completions', 'local-gpu-cluster'],
  ] as const)('takes %s off the path, and the key of the client too', async (_prefix, send, path, name) => {
    const { answerWith, last } = await upstream;
    answerWith(reportUsage(1, 1));
    const client = newClient();
    const answer = await send(client);
    expect(answer.headers['x-weir-upstream']).toBe(name);
    expect(last().path).toBe(path);
    expect(Object.values(last().headers)).not.toContain(client['X-API-Key']);
  });

  it.each([
    ['openai', openaiCall, { requests: '1000', tokens: '20000', reset: nextMidnight() }],
    ['anthropic', anthropicCall, { requests: '500', tokens: '40000', reset: nextMidnight() }],
    ['local', localCall, { requests: undefined, tokens: '100000', reset: nextMonth() }],
  ] as const)('tells the limits of the route to %s in the answer', async (_name, send, limits) => {
    (await upstream).answerWith(reportUsage(1, 1));
    const { headers } = await send({ ...newClient(), 'X-Correlation-Id': 'abc123' });
    expect(headers['x-correlation-id']).toBe('abc123');
    expect(headers['x-ratelimit-limit-requests']).toBe(limits.requests);
    expect(headers['x-ratelimit-limit-tokens']).toBe(limits.tokens);
    expect(headers['x-budget-period-reset']).toBe(limits.reset);
    expect(Number(headers['x-budget-remaining'])).toBeGreaterThan(900_000);
  });

  it('estimates by the tokenizer of the model', async () => {
    (await upstream).answerWith(reportUsage(1, 1));
    // 6000 characters are 1500 tokens to whoever counts characters.
    const body = { max_tokens: 1, messages: [{ role: 'user', content: 'hello '.repeat(1_000) }] };
    await waitFor(
      async () => {
        const { headers } = await openaiCall(newClient(), body);
        const taken = 20_000 - Number(headers['x-ratelimit-remaining-tokens']);
        return taken > 950 && taken < 1_100;
      },
      { what: 'the tokenizer', intervalMs: 500 },
    );
  });

  it('limits tokens by client: one that used too many waits, the others do not', async () => {
    (await upstream).answerWith(reportUsage(10_000, 50_000));
    const greedy = newClient();
    expect((await openaiCall(greedy)).status).toBe(200);
    const refused = await waitFor(
      async () => {
        const answer = await openaiCall(greedy);
        return answer.status === 429 ? answer : undefined;
      },
      { what: 'the settlement' },
    );
    expect(parseBody(refused).error.code).toBe('rate_limit_exceeded');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    (await upstream).answerWith(reportUsage(1, 1));
    expect((await openaiCall(newClient())).status).toBe(200);
    // Nor does the client itself on another route.
    expect((await anthropicCall(greedy)).status).toBe(200);
  });

  it('a tenth more than the limit of its budget may be used, where that is allowed', async () => {
    (await upstream).answerWith(reportUsage(1, 1));
    expect((await openaiCall(newClient(), { max_tokens: 1_090_000 })).status).toBe(200);
    const refused = await openaiCall(newClient(), { max_tokens: 1_110_000 });
    expect(refused.status).toBe(429);
    expect(parseBody(refused).error.message).toMatch(/^Token budget exhausted/);
    const seconds = (Date.parse(nextMidnight()) - Date.now()) / 1_000;
    expect(Math.abs(Number(refused.headers['retry-after']) - seconds)).toBeLessThan(30);
    expect(refused.headers['x-should-retry']).toBe('false');
  });

  it('no more than the limit otherwise, and the refusal has the shape of the API', async () => {
    (await upstream).answerWith(reportUsage(1, 1));
    expect((await anthropicCall(newClient(), { max_tokens: 1_990_000 })).status).toBe(200);
    const refused = await anthropicCall(newClient(), { max_tokens: 2_010_000 });
    expect(refused.status).toBe(429);
    expect(parseBody(refused)).toMatchObject({
      type: 'error',
      error: { type: 'rate_limit_error', message: expect.stringMatching(/^Token budget exhausted/) },
    });
  });

  it('a budget that is not enforced refuses nobody, and counts whom it would have refused', async () => {
    (await upstream).answerWith(reportUsage(1, 1));
    expect((await localCall(newClient(), { max_tokens: 200_000_000 })).status).toBe(200);
    expect(await metricsOf(mesh().mesh.services.policy[0])).toMatch(
      /^weir_policy_would_deny_total\{by="budget".*\} [1-9]/m,
    );
  });

  it.each([
    ['gpt-4o', 5, 15],
    ['gpt-4o-mini', 0.15, 0.6],
    ['gpt-4-turbo-2024-04-09', 10, 30],
    ['gpt-4', 30, 60],
    ['gpt-3.5-turbo', 0.5, 1.5],
    ['gpt-of-next-year', 1, 2],
    ['claude-opus-4-1', 15, 75],
    ['claude-sonnet-4-20250514', 3, 15],
    ['claude-3-opus-20240229', 15, 75],
    ['claude-3-5-sonnet-20241022', 3, 15],
    ['claude-3-haiku-20240307', 0.25, 1.25],
    ['claude-of-next-year', 3, 15],
    ['llama-3-70b', 1, 2],
  ])('%s costs %d in and %d out per million', async (model, input, output) => {
    (await upstream).answerWith(reportUsage(100, 200));
    const routes = [
      [/^gpt/, openaiCall],
      [/^claude/, anthropicCall],
      [/^llama/, localCall],
    ] as const;
    const [, send] = routes.find(([pattern]) => pattern.test(model)) ?? routes[0];
    const { headers } = await send(newClient(), { model });
    expect(Number(headers['x-inference-cost'])).toBeCloseTo((100 * input + 200 * output) / 1e6, 9);
  });

  it('counts tokens, cost, budgets and alerts in metrics', async () => {
    const { policy, metering } = mesh().mesh.services;
    const readSeries = async (service: MeshService | undefined, series: RegExp): Promise<number> => {
      const line = (await metricsOf(service)).split('\n').find((candidate) => series.test(candidate));
      return Number(line?.split(' ').at(-1) ?? 0);
    };
    const tokens = /^weir_inference_tokens_total\{model="gpt-4o",type="output"/;
    const cost = /^weir_inference_cost_total\{model="gpt-4o",currency="USD"/;
    const alerts = /^weir_inference_budget_alerts_total\{outcome="stored"/;
    const before = {
      tokens: await readSeries(metering[0], tokens),
      cost: await readSeries(metering[0], cost),
      alerts: await readSeries(metering[0], alerts),
    };
    // Half, 80, 90 and 95 % of a million at once.
    (await upstream).answerWith(reportUsage(0, 960_000));
    const client = newClient();
    expect((await openaiCall(client)).status).toBe(200);
    await waitFor(async () => (await readSeries(metering[0], tokens)) >= before.tokens + 960_000, {
      what: 'the tokens to be counted',
    });
    // Alerts of calls before this one may come late, and count, too.
    await waitFor(async () => (await readSeries(metering[0], alerts)) >= before.alerts + 4, {
      what: 'four alerts',
    });
    expect((await readSeries(metering[0], cost)) - before.cost).toBeGreaterThanOrEqual(14.4 - 1e-6);
    // Policy hears of it on its own; then the bucket is in debt, and the refusal tells what is left of the budget.
    (await upstream).answerWith(reportUsage(0, 0));
    const refused = await waitFor(
      async () => {
        const answer = await openaiCall(client);
        const isSettled = answer.status === 429 && answer.headers['x-budget-remaining'] === '140000';
        return isSettled ? answer : undefined;
      },
      { what: 'the settlement' },
    );
    expect(parseBody(refused).error.code).toBe('rate_limit_exceeded');
    const scope = `scope="route:openai-api/key:clients/${client['X-API-Key']}",budget="daily",unit="tokens"`;
    const text = await metricsOf(policy[0]);
    for (const [name, value] of Object.entries({ used_total: 960_000, limit: 1_100_000, remaining: 140_000 }))
      expect(text).toContain(`weir_inference_budget_${name}{${scope},service="policy"} ${value}\n`);
    expect(text).toMatch(/^weir_inference_budget_exhausted_total\{scope="route:openai-api.*\} [1-9]/m);
  });
});
