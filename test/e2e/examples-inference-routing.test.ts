import { isAttached, waitFor } from '@weir/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { readExample, sendExample } from './support/example.ts';
import { call, parseBody, type RawAnswer } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';
import { reportUsage } from './support/priced-upstream.ts';
import { type Answer, startRecordingUpstream } from './support/recording-upstream.ts';

const example = await readExample('inference-routing');
const [openai, local] = example.calls;

describe.skipIf(isAttached())('inference routing as it stands, with the simulator', () => {
  const mesh = useMesh({ config: example.configFile });

  it('answers the calls of its README', async () => {
    const answer = await sendExample(mesh().baseUrl, openai);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'x-ratelimit-limit-tokens': '20000',
      'x-budget-remaining': '9995894',
      'x-inference-cost': '0.00096',
    });
    const generic = await sendExample(mesh().baseUrl, local);
    expect(generic.status).toBe(404);
    expect(generic.headers).toMatchObject({
      'x-weir-upstream': 'local-llm',
      'x-ratelimit-limit-tokens': '100000',
      'x-ratelimit-remaining-tokens': '99477',
      'x-budget-remaining': '49995896',
    });
  });
});

describe.skipIf(isAttached())('inference routing, with a provider that reports what a test wants', () => {
  const upstream = startRecordingUpstream();
  afterAll(async () => (await upstream).close());
  const mesh = useMesh(async () => ({
    config: {
      ...example.configFor((await upstream).url),
      // So that the tests can be clients of several addresses.
      listeners: { http: { trustedProxies: ['127.0.0.1'] } },
    },
    env: { WEIR_POLICY_STORE_TIMEOUT_MS: '2000' },
  }));

  let keys = 0;
  const newKey = (): { readonly 'X-API-Key': string } => {
    keys += 1;
    return { 'X-API-Key': `user-key-of-test-${keys}` };
  };
  let orgs = 0;
  const newOrg = (): { readonly 'X-Org-Id': string } => {
    orgs += 1;
    return { 'X-Org-Id': `org-of-test-${orgs}` };
  };

  const ask = (headers: object, body: object = {}): Promise<RawAnswer> =>
    sendExample(mesh().baseUrl, openai, {
      headers: { ...headers },
      body: { model: 'gpt-4-turbo', ...body },
    });
  const askAnthropic = (headers: object): Promise<RawAnswer> =>
    sendExample(mesh().baseUrl, openai && { ...openai, path: '/v1/messages' }, {
      headers: { ...headers, 'anthropic-version': '2023-06-01' },
      body: { model: 'claude-3-opus-20240229', max_tokens: 100 },
    });
  const metrics = async (name: 'metering' | 'policy'): Promise<string> =>
    (await call(`${mesh().mesh.services[name][0]?.healthUrl}/metrics`, { method: 'GET' })).body.toString();

  /** More than any budget has: it is refused, and tells what is left without holding any of it. */
  const remainingOf = async (org: object): Promise<string | undefined> => {
    const refused = await ask({ ...newKey(), ...org }, { max_tokens: 20_000_000 });
    expect(refused.status).toBe(429);
    expect(parseBody(refused).error.message).toMatch(/^Token budget exhausted/);
    return refused.headers['x-budget-remaining'];
  };

  it('the call of the README leaves the tokens, the cost and the budget that it should', async () => {
    (await upstream).answerWith(reportUsage(15, 42));
    const answer = await sendExample(mesh().baseUrl, openai);
    expect(answer.headers['x-inference-cost']).toBe('0.00297');
    await waitFor(async () => (await remainingOf({ 'X-Org-Id': 'org-456' })) === '9999943', {
      what: 'the settlement',
    });
    const text = await metrics('metering');
    expect(text).toMatch(/^weir_inference_tokens_total\{model="gpt-4",type="input".*\} 15$/m);
    expect(text).toMatch(/^weir_inference_tokens_total\{model="gpt-4",type="output".*\} 42$/m);
    expect(text).toMatch(/^weir_inference_cost_total\{model="gpt-4",currency="USD".*\} 0\.00297$/m);
  });

  it.each([
    ['gpt-4-turbo', '0.07'],
    ['gpt-3.5-turbo', '0.0035'],
  ])('a thousand tokens in and two thousand out of %s cost %s', async (model, cost) => {
    (await upstream).answerWith(reportUsage(1_000, 2_000));
    const { headers } = await ask({ ...newKey(), ...newOrg() }, { model });
    expect(headers['x-inference-cost']).toBe(cost);
  });

  it('a model without a price has no cost', async () => {
    (await upstream).answerWith(reportUsage(1, 1));
    expect((await askAnthropic(newKey())).headers).not.toHaveProperty('x-inference-cost');
  });

  it('a budget is shared by the keys of an organisation, and by no other', async () => {
    (await upstream).answerWith(reportUsage(1_000, 2_000));
    const org = newOrg();
    for (const key of [newKey(), newKey()]) expect((await ask({ ...key, ...org })).status).toBe(200);
    await waitFor(async () => (await remainingOf(org)) === '9994000', { what: 'the settlement' });
    expect(await remainingOf(newOrg())).toBe('10000000');
    // Who says no organisation shares the budget of all who do not.
    expect(await remainingOf({ 'X-Org-Id': '' })).toBe('10000000');
  });

  it.each([
    ['chat', ask, '20000'],
    ['messages', askAnthropic, '10000'],
  ] as const)('%s: each X-API-Key has tokens of its own', async (_api, send, capacity) => {
    (await upstream).answerWith(reportUsage(10_000, 40_000));
    const [org, greedy] = [newOrg(), newKey()];
    const first = await send({ ...greedy, ...org });
    expect(first.headers['x-ratelimit-limit-tokens']).toBe(capacity);
    const refused = await waitFor(
      async () => {
        const answer = await send({ ...greedy, ...org });
        return answer.status === 429 ? answer : undefined;
      },
      { what: 'the settlement' },
    );
    expect(parseBody(refused).error.type).toBe('rate_limit_error');
    (await upstream).answerWith(reportUsage(1, 1));
    expect((await send({ ...newKey(), ...org })).status).toBe(200);
  });

  const noUsage: Answer = (_recorded, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ text: 'a quantum computer counts in all ways at once' }));
  };

  it('local inference takes X-Model-Name for the model, passes path and body on, and estimates what nobody reports', async () => {
    const { answerWith, last } = await upstream;
    answerWith(noUsage);
    expect((await sendExample(mesh().baseUrl, local)).status).toBe(200);
    expect(last()).toMatchObject({ path: '/inference', headers: { 'x-model-name': 'llama-7b' } });
    expect(last().body.toString()).toBe(local?.body);
    await waitFor(
      async () =>
        /^weir_inference_tokens_total\{model="other",type="input".*\} [1-9]/m.test(await metrics('metering')),
      { what: 'an estimate' },
    );
  });

  it('local inference goes on with a smaller model elsewhere when its own has no room', async () => {
    const { answerWith, last } = await upstream;
    answerWith((recorded, response) => {
      if (recorded.headers['x-model-name'] === 'llama-70b') response.writeHead(429).end('{}');
      else noUsage(recorded, response);
    });
    const answer = await sendExample(mesh().baseUrl, local, { headers: { 'X-Model-Name': 'llama-70b' } });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'x-weir-upstream': 'fallback-llm',
      'x-weir-attempts': expect.any(String),
    });
    expect(last().headers['x-model-name']).toBe('llama-7b');
    expect(last().body.toString()).toBe(local?.body);
  });

  const askLocal = (ip: string, prompt: string): Promise<RawAnswer> =>
    sendExample(mesh().baseUrl, local, { headers: { 'X-Forwarded-For': ip }, body: { prompt } });

  it('local inference is limited by address, by a quarter of the characters', async () => {
    (await upstream).answerWith(noUsage);
    const taken = async (ip: string, prompt: string): Promise<number> =>
      100_000 - Number((await askLocal(ip, prompt)).headers['x-ratelimit-remaining-tokens']);
    // One word, and far fewer tokens than characters.
    const difference = (await taken('192.0.2.1', ' '.repeat(40_000))) - (await taken('192.0.2.2', ''));
    expect(difference).toBe(10_000);
    const refused = await askLocal('192.0.2.3', ' '.repeat(400_400));
    expect(refused.status).toBe(400);
    expect(parseBody(refused).error.code).toBe('request_exceeds_limit');
  });

  it('a budget by header makes no series of its own: anybody could make up values', async () => {
    const series = (await metrics('policy')).match(/^weir_inference_budget_remaining\{.*?\}/gm);
    expect(series).toEqual([expect.stringContaining('{scope="route:local-inference",budget="gpu-tokens"')]);
    expect(await metrics('policy')).toMatch(
      /^weir_inference_budget_exhausted_total\{scope="other",budget="monthly".*\} [1-9]/m,
    );
  });

  it('local inference goes on with a smaller model elsewhere when its budget is used up', async () => {
    const { answerWith, last } = await upstream;
    answerWith(reportUsage(30_000_000, 25_000_000));
    const own = await askLocal('192.0.2.4', 'everything');
    expect(own.headers['x-weir-upstream']).toBe('local-llm');
    answerWith(reportUsage(5, 5));
    const send = (): Promise<RawAnswer> =>
      sendExample(mesh().baseUrl, local, {
        headers: { 'X-Forwarded-For': '192.0.2.5', 'X-Model-Name': 'llama-70b' },
        body: { prompt: 'hi' },
      });
    const answer = await waitFor(
      async () => {
        const sent = await send();
        return sent.headers['x-weir-upstream'] === 'fallback-llm' ? sent : undefined;
      },
      { what: 'the settlement' },
    );
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'x-weir-attempts': '1', 'x-budget-remaining': '0' });
    expect(last().headers['x-model-name']).toBe('llama-7b');
  });
});
