import { createHash } from 'node:crypto';
import { isAttached, waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { bearer, call, type RawAnswer } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';

const hash = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const jsonOf = ({ body }: RawAnswer): object => JSON.parse(String(body));
const keyOf = (id: string, rules: object = {}) => ({ id, sha256: hash(`secret-${id}`), ...rules });

const price = [{ model: 'sim-*', inputPerMillion: 1_000, outputPerMillion: 1_000 }];

const config = (urls: readonly string[]): object => ({
  version: 1,
  upstreams: {
    sim: {
      provider: 'openai-compatible',
      targets: [urls[0]],
      models: ['sim-gpt'],
      forwardHeaders: ['x-sim-*'],
    },
    plain: { provider: 'generic', targets: [urls[0]] },
    claude: { provider: 'anthropic', targets: [urls[0]], models: ['sim-claude'] },
  },
  pricing: { models: price },
  routes: [
    {
      name: 'shared',
      match: { path: '/v1/chat/completions', headers: { 'x-org-id': '*' } },
      rateLimits: [{ key: 'header:X-Org-Id', requestsPerMinute: 2 }],
    },
    {
      name: 'impatient',
      match: { pathPrefix: '/impatient' },
      stripPrefix: '/impatient',
      upstreams: ['sim'],
      retry: { perTryTimeoutMs: 200, budget: { percent: 0, minRetries: 0 } },
    },
    {
      name: 'open',
      match: { path: '/open' },
      api: 'generic',
      upstreams: ['plain'],
      authentication: 'none',
      rateLimits: [{ key: 'client-ip', requestsPerMinute: 3, estimate: 'words' }],
    },
  ],
  tenants: [
    {
      org: 'acme',
      keys: [
        keyOf('requests', { rateLimits: [{ requestsPerMinute: 2 }] }),
        keyOf('tokens', { rateLimits: [{ tokensPerMinute: 600, burstTokens: 2_000, estimate: 'chars' }] }),
        keyOf('slots', { rateLimits: [{ concurrency: 1 }] }),
        keyOf('budget', {
          budgets: [{ name: 'daily', limit: 1_000, period: 'daily', hold: { outputTokens: 100 } }],
        }),
        keyOf('retried', {
          budgets: [
            { name: 'daily', limit: 1_000, period: 'daily', hold: { mode: 'fixed', outputTokens: 700 } },
          ],
        }),
        keyOf('money', { budgets: [{ name: 'monthly', unit: 'money', limit: '0.2', period: 'monthly' }] }),
        keyOf('clamped', { budgets: [{ name: 'daily', limit: 200, period: 'daily', onLow: 'clamp' }] }),
        keyOf('header'),
      ],
    },
    {
      org: 'shared',
      budgets: [{ name: 'daily', unit: 'requests', limit: 3, period: 'daily' }],
      teams: [
        { team: 'one', keys: [keyOf('first')] },
        { team: 'two', keys: [keyOf('second')] },
      ],
    },
  ],
});

describe.skipIf(isAttached()).each([
  { where: 'in the policy itself', redis: false },
  { where: 'in Redis', redis: true },
])('limits that are kept $where', ({ redis }) => {
  // A busy machine must not turn limits into `limits_unavailable`; that has tests of its own.
  const env = { WEIR_POLICY_STORE_TIMEOUT_MS: '2000' };
  const mesh = useMesh({ config, redis, env, ...(redis ? { replicas: { policy: 2 } } : {}) });

  const chat = (id: string, given: { tokens?: number; body?: object; headers?: object } = {}) =>
    call(`${mesh().baseUrl}/v1/chat/completions`, {
      headers: { ...bearer(`secret-${id}`), ...given.headers },
      body: JSON.stringify({
        model: 'sim-gpt',
        messages: [{ role: 'user', content: `[[tokens:${given.tokens ?? 5}]] hello` }],
        ...given.body,
      }),
    });

  it('a rate of requests lets its burst through, then says when to come again', async () => {
    const first = await chat('requests');
    expect(first.headers).toMatchObject({
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '1',
    });
    expect((await chat('requests')).status).toBe(200);
    const refused = await chat('requests');
    expect(refused.status).toBe(429);
    expect(jsonOf(refused)).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(20);
    expect(refused.headers['x-ratelimit-remaining-requests']).toBe('0');
  });

  it('a rate of tokens charges an estimate, and gives back what was not used', async () => {
    const before = await chat('tokens', { body: { max_tokens: 400 } });
    expect(before.headers['x-ratelimit-limit-tokens']).toBe('2000');
    expect(Number(before.headers['x-ratelimit-remaining-tokens'])).toBeLessThan(1_610);
    await waitFor(
      async () => {
        const after = await chat('tokens', { body: { max_tokens: 1 } });
        return Number(after.headers['x-ratelimit-remaining-tokens']) > 1_900;
      },
      // Asking costs tokens, too.
      { what: 'the estimate to be corrected', intervalMs: 400 },
    );
  });

  it('a prompt larger than the bucket is a 400, not a 429', async () => {
    const refused = await chat('tokens', {
      body: { messages: [{ role: 'user', content: 'word '.repeat(3_000) }] },
    });
    expect(refused.status).toBe(400);
    expect(jsonOf(refused)).toMatchObject({ error: { code: 'request_exceeds_limit' } });
  });

  it('what is held for a request that gets no second attempt is free when the first is accounted for', async () => {
    const failed = await call(`${mesh().baseUrl}/impatient/v1/chat/completions`, {
      headers: { ...bearer('secret-retried'), 'x-sim-fault': 'stall-after:0' },
      body: JSON.stringify({
        model: 'sim-gpt',
        stream: true,
        messages: [{ role: 'user', content: 'hello' }],
      }),
    });
    expect(jsonOf(failed)).toMatchObject({ error: { code: 'first_byte_timeout' } });
    await waitFor(async () => (await chat('retried')).status === 200, {
      what: 'the budget to have room again, long before the hold expires',
      timeoutMs: 10_000,
    });
    const { headers } = await chat('retried');
    expect(Number(headers['x-budget-remaining'])).toBeLessThan(300);
  });

  it('a place is free again as soon as a request has ended', async () => {
    const slow = chat('slots', { headers: { 'x-sim-fault': 'slow-start:600' } });
    // Otherwise one of those that follow may have taken the place before it.
    await waitFor(async () => (await mesh().simulator.active()) === 1, { what: 'it to be under way' });
    await waitFor(async () => (await chat('slots')).status === 429, { what: 'the only place to be taken' });
    expect((await slow).status).toBe(200);
    await waitFor(async () => (await chat('slots')).status === 200, {
      what: 'the place to be free',
      timeoutMs: 1_000,
    });
  });

  it('a budget of tokens holds, settles to what was used, and ends with a 429 that says until when', async () => {
    const first = await chat('budget');
    const heldRemaining = Number(first.headers['x-budget-remaining']);
    expect(heldRemaining).toBeLessThan(900);
    expect(first.headers['x-budget-period-reset']).toMatch(/T00:00:00Z$/);
    const last = await waitFor(
      async () => {
        const answer = await chat('budget', { tokens: 90 });
        return answer.status === 429 ? answer : undefined;
      },
      { what: 'the budget to be spent', timeoutMs: 20_000 },
    );
    expect(last.headers['x-should-retry']).toBe('false');
    expect(jsonOf(last)).toMatchObject({
      error: { message: expect.stringContaining('Token budget exhausted'), code: 'insufficient_quota' },
    });
  });

  it('a budget of money counts what the prices say', async () => {
    // 0.001 a token.
    const first = await chat('money', { tokens: 50, body: { max_tokens: 60 } });
    expect(first.status).toBe(200);
    const used = jsonOf(first) as { usage: { total_tokens: number } };
    const expected = 0.2 - used.usage.total_tokens * 0.001;
    await waitFor(
      async () => {
        const next = await chat('money', { tokens: 1, body: { max_tokens: 1 } });
        const remaining = Number(next.headers['x-budget-remaining']);
        return remaining > expected - 0.05 && remaining < expected;
      },
      { what: 'the hold to become the cost' },
    );
  });

  it('a budget that clamps lowers the cap of the request to what is left', async () => {
    const answer = await chat('clamped', { tokens: 500 });
    const cap = Number(answer.headers['x-budget-clamped']);
    expect(cap).toBeGreaterThan(100);
    expect(cap).toBeLessThan(200);
    expect(jsonOf(answer)).toMatchObject({ usage: { completion_tokens: cap } });
  });

  it('a budget of an organisation is shared by the keys of its teams', async () => {
    const statuses = [];
    for (const id of ['first', 'second', 'first', 'second']) statuses.push((await chat(id)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  it('a limit by header has a bucket for each value', async () => {
    const ask = async (org: string) => (await chat('header', { headers: { 'x-org-id': org } })).status;
    expect([await ask('a'), await ask('a'), await ask('a'), await ask('b')]).toEqual([200, 200, 429, 200]);
  });

  it('an open route is limited by address', async () => {
    const statuses = [];
    for (let count = 0; count < 4; count += 1) {
      const answer = await call(`${mesh().baseUrl}/open`, { body: JSON.stringify({ prompt: 'two words' }) });
      statuses.push(answer.status);
    }
    // The simulator has no such path; what counts is who answers.
    expect(statuses).toEqual([404, 404, 404, 429]);
  });

  it('an Anthropic client is refused in its own shape', async () => {
    const ask = () =>
      call(`${mesh().baseUrl}/v1/messages`, {
        headers: { 'x-api-key': 'secret-requests', 'anthropic-version': '2023-06-01' },
        body: JSON.stringify({
          model: 'sim-claude',
          max_tokens: 5,
          messages: [{ role: 'user', content: 'hi' }],
        }),
      });
    const refused = await waitFor(
      async () => {
        const answer = await ask();
        return answer.status === 429 ? answer : undefined;
      },
      { what: 'a refusal' },
    );
    expect(jsonOf(refused)).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
  });
});
