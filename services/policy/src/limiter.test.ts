import { type EnvelopeMeta, parseConfig } from '@weir/contracts';
import { resolveLimits } from '@weir/limits';
import { requestMeta } from '@weir/testing';
import { describe, expect, test } from 'vitest';
import { createBudgetWatch } from './core/budget-watch.ts';
import type { LimitStore } from './core/limit-store.ts';
import { createOutputHistory } from './core/output-history.ts';
import type { RequestPrice } from './core/request-price.ts';
import { createLimitGuard } from './limit-guard.ts';
import { createLimiter } from './limiter.ts';
import { createMemoryStore } from './stores/memory-store.ts';
import { StoreUnavailable } from './stores/store-unavailable.ts';

const now = Date.parse('2026-01-15T12:00:00Z');
const principal = { org: 'acme', team: '_', key: 'k1' };
const noRules = { rateLimits: [], budgets: [] };

const meta = requestMeta(now, {
  route: 'chat',
  features: { inputTokens: 100, estimatedBy: 'tokenizer', outputCap: 200, chars: 400, messages: 1, tools: 0 },
});

/** 1 nano-unit a token of input, 10 of output. */
const price: RequestPrice = {
  costOf: (input, output) => BigInt(input + 10 * output),
  outputFor: (nano, input) => Math.max(0, Math.floor((Number(nano) - input) / 10)),
  atFallback: () => undefined,
};

const routeWith = (rules: object, failureMode: 'closed' | 'open' = 'closed') => {
  const parsed = parseConfig({
    version: 1,
    upstreams: { gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] } },
    routes: [{ name: 'chat', match: { path: '/v1/chat/completions' }, failureMode, ...rules }],
  });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  const route = parsed.config.routes[0];
  if (!route) throw new Error('no route');
  return route;
};

const away: LimitStore = new Proxy(
  createMemoryStore(() => now),
  {
    get: (store, name) =>
      name === 'close'
        ? store.close
        : () => Promise.reject(new StoreUnavailable(String(name), new Error('gone'))),
  },
);

const setUp = async (
  rules: object,
  given: { store?: LimitStore; replicas?: number; failureMode?: 'closed' | 'open' } = {},
) => {
  const memory = createMemoryStore(() => now);
  await memory.restore({ epoch: 'e', watermark: 0, totals: new Map() });
  const counted: string[] = [];
  const route = routeWith(rules, given.failureMode);
  // Each call is later than the last by more than a stall takes.
  let elapsedMs = 0;
  const guard = createLimitGuard({
    store: given.store ?? memory,
    fallback: memory,
    replicas: () => given.replicas ?? 1,
    now: () => {
      elapsedMs += 100;
      return elapsedMs;
    },
    onTrouble: () => counted.push('trouble'),
  });
  const limiter = createLimiter({
    guard,
    history: createOutputHistory(),
    watch: createBudgetWatch(),
    metrics: {
      countWouldDeny: (by) => counted.push(`would deny ${by}`),
      countExhausted: (counter) => counted.push(`exhausted ${counter.split('|')[2]}`),
    },
    holdTtlMs: 60_000,
    now: () => now,
  });
  const limit = (id: string, changed: Partial<EnvelopeMeta> = {}) => {
    const request = { ...meta, ...changed, id };
    const applied = resolveLimits({
      principal,
      tenant: { org: noRules, team: undefined, key: noRules },
      route,
      client: request.client,
      nowMs: now,
      sha256Hex: (text) => text.padEnd(32, '0'),
    });
    return limiter({ meta: request, principal, route, applied, price });
  };
  return { limit, memory, counted, guard };
};

describe('a budget', () => {
  const tokens = { name: 'daily', limit: 1_000, period: 'daily' };

  test('is held by the worst case, and the client is told what is left', async () => {
    const { limit } = await setUp({ budgets: [tokens] });
    // 100 tokens of input and a tenth for what the estimate may lack, 200 of output.
    expect(await limit('a')).toMatchObject({
      outcome: 'within',
      terms: { held: true, holds: [{ amount: '310' }] },
      answerHeaders: [
        ['x-budget-remaining', '690'],
        ['x-budget-period-reset', '2026-01-16T00:00:00Z'],
      ],
    });
  });

  test('is held for every answer that is asked for', async () => {
    const { limit } = await setUp({ budgets: [tokens] });
    expect(await limit('a', { features: { ...meta.features, choices: 3 } })).toMatchObject({
      terms: { holds: [{ amount: '710' }] },
    });
  });

  test('refuses what does not fit, and counts it', async () => {
    const { limit, counted } = await setUp({ budgets: [tokens] });
    for (const id of ['a', 'b', 'c']) expect(await limit(id)).toMatchObject({ outcome: 'within' });
    expect(await limit('d')).toMatchObject({
      outcome: 'refused',
      error: { reason: 'budget_spent', headers: expect.arrayContaining([['x-budget-remaining', '70']]) },
    });
    expect(counted).toEqual(['exhausted daily']);
  });

  test('a request that is submitted again holds once', async () => {
    const { limit } = await setUp({ budgets: [tokens] });
    await limit('a');
    expect(await limit('a')).toMatchObject({
      outcome: 'within',
      answerHeaders: expect.arrayContaining([['x-budget-remaining', '690']]),
    });
  });

  test('that clamps lets through what there is room for', async () => {
    const { limit } = await setUp({ budgets: [{ ...tokens, limit: 500, onLow: 'clamp' }] });
    await limit('a');
    expect(await limit('b')).toMatchObject({
      outcome: 'within',
      terms: { outputCap: 80, holds: [{ amount: '190' }] },
      answerHeaders: expect.arrayContaining([['x-budget-clamped', '80']]),
    });
    expect(await limit('c')).toMatchObject({ outcome: 'refused' });
  });

  test('that clamped clamps the request that is submitted again, to the same', async () => {
    const { limit, memory } = await setUp({ budgets: [{ ...tokens, limit: 500, onLow: 'clamp' }] });
    await limit('a');
    const terms = { outputCap: 80, holds: [{ amount: '190' }] };
    expect(await limit('b')).toMatchObject({ outcome: 'within', terms });
    await memory.release(['a']);
    expect(await limit('b')).toMatchObject({ outcome: 'within', terms });
  });

  test('that clamps leaves room for each of several answers', async () => {
    const { limit } = await setUp({ budgets: [{ ...tokens, limit: 150, onLow: 'clamp' }] });
    const features = { ...meta.features, choices: 3 };
    expect(await limit('a', { features })).toMatchObject({ outcome: 'refused' });
    expect(await limit('b')).toMatchObject({ terms: { outputCap: 40 } });
  });

  test('that clamps refuses what cannot be told to be shorter', async () => {
    const { limit } = await setUp({ budgets: [{ ...tokens, onLow: 'clamp' }] });
    expect(
      await limit('a', { api: 'generic', features: { chars: 400, messages: 1, tools: 0 } }),
    ).toMatchObject({
      outcome: 'refused',
      error: { reason: 'budget_spent' },
    });
  });

  test('holds no output for answers that have none', async () => {
    const { limit } = await setUp({ budgets: [tokens] });
    const features = { inputTokens: 100, chars: 400, messages: 1, tools: 0 };
    expect(await limit('a', { api: 'openai.embeddings', features })).toMatchObject({
      terms: { holds: [{ amount: '110' }] },
    });
  });

  test('of money clamps by the price', async () => {
    const budget = { name: 'daily', unit: 'money', limit: '0.000003', period: 'daily', onLow: 'clamp' };
    const { limit } = await setUp({ budgets: [budget] });
    expect(await limit('a')).toMatchObject({ terms: { holds: [{ amount: '2110' }] } });
    expect(await limit('b')).toMatchObject({ terms: { outputCap: 78, holds: [{ amount: '890' }] } });
  });

  test('that is not enforced refuses nobody', async () => {
    const { limit, counted } = await setUp({ budgets: [{ ...tokens, limit: 10, enforce: false }] });
    expect(await limit('a')).toMatchObject({
      outcome: 'within',
      answerHeaders: expect.arrayContaining([['x-budget-remaining', '0']]),
    });
    expect(counted).toEqual(['would deny budget']);
  });

  test('of one refuses, and then nothing is taken from the others', async () => {
    const small = { ...tokens, name: 'small', limit: 400 };
    const { limit, memory } = await setUp({ budgets: [tokens, small] });
    await limit('a');
    expect(await limit('b')).toMatchObject({ outcome: 'refused' });
    const held = await limit('a');
    if (held.outcome !== 'within') throw new Error('refused');
    const states = await memory.read(held.terms.holds.map(({ id }) => id));
    expect(states.map((state) => state.held)).toEqual([310n, 310n]);
  });
});

describe('a rate limit', () => {
  test('charges the likely length, not the cap, so that a long cap alone is never too large', async () => {
    const { limit } = await setUp({ rateLimits: [{ tokensPerMinute: 60_000, burstTokens: 1_000 }] });
    const features = { ...meta.features, outputCap: 100_000 };
    expect(await limit('a', { features })).toMatchObject({
      outcome: 'within',
      answerHeaders: expect.arrayContaining([['x-ratelimit-remaining-tokens', '388']]),
    });
  });

  test('says 400 to a prompt that it could never let through', async () => {
    const { limit } = await setUp({ rateLimits: [{ tokensPerMinute: 60, burstTokens: 50 }] });
    expect(await limit('a')).toMatchObject({
      outcome: 'refused',
      error: { reason: 'request_exceeds_limit', shouldRetry: false },
    });
  });

  test('says when to come again', async () => {
    const { limit } = await setUp({ rateLimits: [{ requestsPerMinute: 6, burstRequests: 1 }] });
    await limit('a');
    expect(await limit('b')).toMatchObject({
      outcome: 'refused',
      error: { reason: 'rate_limit', retryAfterMs: 10_000 },
    });
  });

  test('of concurrency frees a place when a request is over', async () => {
    const { limit, memory } = await setUp({ rateLimits: [{ concurrency: 1 }] });
    await limit('a');
    expect(await limit('b')).toMatchObject({ outcome: 'refused', error: { reason: 'concurrency_limit' } });
    await memory.finish(['a'], 900_000);
    expect(await limit('c')).toMatchObject({ outcome: 'within' });
  });
});

describe('without the limit store', () => {
  const rules = {
    rateLimits: [{ requestsPerMinute: 10 }],
    budgets: [{ name: 'b', limit: 4_000, period: 'daily' }],
  };

  test('a route that fails closed refuses', async () => {
    const { limit, counted } = await setUp(rules, { store: away });
    for (const id of ['a', 'b', 'c', 'd']) {
      expect(await limit(id)).toMatchObject({ outcome: 'refused', error: { reason: 'limits_unavailable' } });
    }
    expect(counted).toEqual(['trouble']);
  });

  test('a route that fails open lets a share of each limit through', async () => {
    const { limit } = await setUp(rules, { store: away, replicas: 2, failureMode: 'open' });
    const outcomes = [];
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) outcomes.push((await limit(id)).outcome);
    // Half of 10 requests; the budget's half, 2,000 tokens, has room for six.
    expect(outcomes).toEqual(['within', 'within', 'within', 'within', 'within', 'refused', 'refused']);
  });

  test('what it carried out after all is given back, as the client was refused', async () => {
    const late = createMemoryStore(() => now);
    await late.restore({ epoch: 'e', watermark: 0, totals: new Map() });
    let isLate = true;
    const store: LimitStore = new Proxy(late, {
      get: (target, name: keyof LimitStore) =>
        name === 'reserve' && isLate
          ? async (...given: Parameters<LimitStore['reserve']>) => {
              await target.reserve(...given);
              throw new StoreUnavailable('reserve', new Error('late'));
            }
          : target[name].bind(target),
    });
    const { limit } = await setUp({ rateLimits: [{ concurrency: 1 }] }, { store });
    expect(await limit('a')).toMatchObject({ outcome: 'refused', error: { reason: 'limits_unavailable' } });
    isLate = false;
    expect(await limit('b')).toMatchObject({ outcome: 'within' });
  });

  test('what a request holds that was submitted before stays, also when it is refused: the first copy may run', async () => {
    const late = createMemoryStore(() => now);
    await late.restore({ epoch: 'e', watermark: 0, totals: new Map() });
    let isLost = false;
    const store: LimitStore = new Proxy(late, {
      get: (target, name: keyof LimitStore) =>
        name === 'reserve' && isLost ? away.reserve : target[name].bind(target),
    });
    const { limit } = await setUp({ rateLimits: [{ concurrency: 1 }] }, { store });
    await limit('a');
    isLost = true;
    expect(await limit('a', { submission: 1 })).toMatchObject({ error: { reason: 'limits_unavailable' } });
    isLost = false;
    expect(await limit('b')).toMatchObject({ error: { reason: 'concurrency_limit' } });
  });

  test('a request that was submitted before says so', async () => {
    const { limit, memory } = await setUp({ rateLimits: [{ concurrency: 1 }] });
    await limit('a', { submission: 1 });
    await memory.release(['a']);
    expect(await limit('b')).toMatchObject({ error: { reason: 'concurrency_limit' } });
  });

  test('each replica lets its share of what was carried over through, not all of it', async () => {
    const carrying = { budgets: [{ name: 'b', limit: 1_000, period: 'daily', rollOver: 1 }] };
    const { limit, memory } = await setUp(carrying, { store: away, replicas: 2, failureMode: 'open' });
    // A correction of nothing: the day before is known, and nothing was spent then.
    const yesterday = 't|route:chat/key:acme/k1|b|1768348800|1768435200';
    await memory.settle({
      epoch: 'e',
      from: 0,
      to: 1,
      records: [{ id: 'x', charges: [[yesterday, 0n]], tokens: undefined, ends: true }],
    });
    const outcomes = [];
    for (const id of ['a', 'b', 'c', 'd']) outcomes.push((await limit(id)).outcome);
    // 310 tokens each; the replica's half of 2,000 has room for three.
    expect(outcomes).toEqual(['within', 'within', 'within', 'refused']);
  });

  test('it is asked again when a probe finds it back', async () => {
    const memory = createMemoryStore(() => now);
    await memory.restore({ epoch: 'e', watermark: 0, totals: new Map() });
    let isAway = true;
    const store: LimitStore = new Proxy(memory, {
      get: (target, name: keyof LimitStore) => (isAway ? away[name] : target[name].bind(target)),
    });
    const { limit, guard } = await setUp(rules, { store });
    for (const id of ['a', 'b', 'c']) await limit(id);
    expect(guard.status()).toMatch(/gone/);
    await guard.probe();
    expect(guard.status()).toMatch(/gone/);
    isAway = false;
    expect(await limit('d')).toMatchObject({ outcome: 'refused' });
    await guard.probe();
    expect(guard.status()).toBe(true);
    expect(await limit('e')).toMatchObject({ outcome: 'within' });
  });
});
