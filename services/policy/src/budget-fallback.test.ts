import { createHash } from 'node:crypto';
import { type EnvelopeMeta, parseConfig } from '@weir/contracts';
import { createTenantDirectory } from '@weir/limits';
import { buildPriceBook } from '@weir/pricing';
import { requestMeta } from '@weir/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildAdmissionIndex } from './core/admission-index.ts';
import { createBudgetWatch } from './core/budget-watch.ts';
import { decideAdmission } from './core/decide-admission.ts';
import type { LimitStore, Reservation } from './core/limit-store.ts';
import { createOutputHistory } from './core/output-history.ts';
import { createLimitGuard } from './limit-guard.ts';
import { createLimiter, type Limited } from './limiter.ts';
import { createMemoryStore } from './stores/memory-store.ts';
import { StoreUnavailable } from './stores/store-unavailable.ts';

const noon = Date.parse('2026-01-15T12:00:00Z');
const epoch = '2026-01-01T00:00:00Z';
const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

const meta = requestMeta(noon, {
  route: 'chat',
  model: 'large',
  features: { inputTokens: 100, estimatedBy: 'tokenizer', outputCap: 200, chars: 400, messages: 1, tools: 0 },
  client: { ip: '::1', headers: {}, keySha256: sha256Hex('k1') },
});

/** Of each request 310 tokens are held; at the route's own upstream they cost 3,100 nano-units, at the spare one nothing. */
const tokens = (limit: number, more: object = {}) => ({ name: 'tokens', limit, period: 'daily', ...more });
const money = (limit: string, more: object = {}) => ({
  name: 'money',
  unit: 'money',
  limit,
  period: 'daily',
  ...more,
});
const requests = (limit: number) => ({ name: 'requests', unit: 'requests', limit, period: 'daily' });
const priced = (model: string, perMillion: string) => ({
  model,
  inputPerMillion: perMillion,
  outputPerMillion: perMillion,
});
const spare = { upstream: 'spare', modelMapping: { large: 'small' } };
const triggered = { upstreams: [spare], triggers: { onBudgetExhausted: true } };

interface Given {
  readonly route?: object;
  readonly fallback?: object | 'none';
  readonly org?: object;
  readonly key?: object;
  /** Per million tokens at the fallback. */
  readonly smallPrice?: string;
  /** Stands between policy and its store. */
  readonly between?: (store: LimitStore, reserve: LimitStore['reserve']) => LimitStore['reserve'];
}

/** All of policy between the bus and the limit store. */
const setUp = async ({ route, fallback = triggered, org, key, smallPrice = '0', between }: Given) => {
  const upstream = (model: string) => ({
    provider: 'openai-compatible',
    targets: ['http://127.0.0.1:1'],
    models: [model],
  });
  const parsed = parseConfig({
    version: 1,
    upstreams: { own: upstream('large'), other: upstream('other'), spare: upstream('small') },
    routes: [
      {
        name: 'chat',
        match: { path: '/v1/chat/completions' },
        upstreams: ['own', 'other'],
        ...(fallback === 'none' ? {} : { fallback }),
        ...route,
      },
    ],
    pricing: { models: [priced('large', '0.01'), priced('small', smallPrice)] },
    tenants: [{ org: 'acme', ...org, keys: [{ id: 'k1', sha256: sha256Hex('k1'), ...key }] }],
  });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  const { config } = parsed;
  const directory = createTenantDirectory();
  directory.applyConfig(config);
  const built = buildPriceBook({ config: config.pricing, sha256Hex });
  if (built.outcome === 'invalid') throw new Error(built.problems.join('\n'));
  const index = buildAdmissionIndex({ config, directory, book: built.book, sha256Hex });
  const store = createMemoryStore(() => noon);
  await store.restore({ epoch, watermark: 0, totals: new Map() });
  const asked: Reservation[] = [];
  const reserve: LimitStore['reserve'] = (reservation) => {
    asked.push(reservation);
    return store.reserve(reservation);
  };
  const counted: string[] = [];
  const limiter = createLimiter({
    guard: createLimitGuard({
      store: Object.assign(Object.create(store) as LimitStore, {
        reserve: between?.(store, reserve) ?? reserve,
        release: (ids: readonly string[]) => store.release(ids),
      }),
      fallback: store,
      replicas: () => 1,
      now: () => 0,
      onTrouble: () => undefined,
    }),
    history: createOutputHistory(),
    watch: createBudgetWatch(),
    metrics: {
      countWouldDeny: () => undefined,
      countExhausted: (counter) => counted.push(counter.split('|')[1] ?? ''),
    },
    holdTtlMs: 60_000,
    now: () => noon,
  });
  const ask = async (id: string, changed: Partial<EnvelopeMeta> = {}): Promise<Limited> => {
    const request = { ...meta, ...changed, id };
    const admission = decideAdmission(index, request, noon);
    if (admission.outcome === 'rejected') return { outcome: 'refused', error: admission.error };
    if (!admission.limits) throw new Error('no limit applies');
    return limiter({ meta: request, ...admission, ...admission.limits });
  };
  let watermark = 0;
  /** `used`: in the counter's unit; to the counters that the grant names, as the ledger's records do. */
  const settle = async (id: string, limited: Limited, used: bigint): Promise<void> => {
    const charges = termsOf(limited).holds.map(({ id: counter }) => [counter, used] as const);
    const records = [{ id, charges, tokens: undefined, ends: true }];
    await store.settle({ epoch, from: watermark, to: watermark + 1, records });
    watermark += 1;
  };
  const standing = async (counter: string | undefined) => {
    const [found] = await store.read([counter ?? '']);
    return { spent: found?.spent, held: found?.held };
  };
  return { ask, settle, standing, store, asked, counted };
};

const termsOf = (limited: Limited) => {
  if (limited.outcome === 'refused') throw new Error(limited.error.message);
  return limited.terms;
};
const scopesOf = (limited: Limited): (string | undefined)[] =>
  termsOf(limited).holds.map(({ id }) => id.split('|')[1]);
const headerOf = (limited: Limited, name: string): string | undefined =>
  limited.outcome === 'within' ? limited.answerHeaders.find(([own]) => own === name)?.[1] : undefined;

const atFallback = { outcome: 'within', terms: { fallback: 'budget-exhausted' } };
const budgetSpent = { outcome: 'refused', error: { reason: 'budget_spent', shouldRetry: false } };

describe('a request that a budget of its route refuses', () => {
  const route = { budgets: [tokens(400)] };

  test('goes to the fallback, and neither holds nor is charged to what the route allows its own upstreams', async () => {
    const { ask, settle, standing, asked, counted } = await setUp({
      route,
      org: { budgets: [tokens(5_000)] },
    });
    const first = await ask('a');
    expect(termsOf(first)).not.toHaveProperty('fallback');
    expect(scopesOf(first)).toEqual(['route:chat/key:acme/k1', 'org:acme']);
    // What is admitted is asked for once.
    expect(asked).toHaveLength(1);
    const [ofRoute, ofOrg] = termsOf(first).holds.map(({ id }) => id);
    const second = await ask('b');
    expect(second).toMatchObject({ ...atFallback, terms: { held: true, holds: [{ amount: '310' }] } });
    expect(scopesOf(second)).toEqual(['org:acme']);
    expect(asked).toHaveLength(3);
    expect(await standing(ofRoute)).toEqual({ spent: 0n, held: 310n });
    expect(await standing(ofOrg)).toEqual({ spent: 0n, held: 620n });
    await settle('a', first, 50n);
    await settle('b', second, 70n);
    expect(await standing(ofRoute)).toEqual({ spent: 50n, held: 0n });
    expect(await standing(ofOrg)).toEqual({ spent: 120n, held: 0n });
    expect(counted).toEqual([]);
  });

  test('is told of the budget that refused it, and of the rates that it has passed', async () => {
    const rateLimits = [{ requestsPerMinute: 10 }];
    const { ask } = await setUp({ route: { ...route, rateLimits }, org: { budgets: [tokens(5_000)] } });
    await ask('a');
    const second = await ask('b');
    expect(headerOf(second, 'x-budget-remaining')).toBe('90');
    expect(headerOf(second, 'x-ratelimit-remaining-requests')).toBe('8');
  });

  test('holds what it held when it is submitted again, also when the budget has room by then', async () => {
    const { ask, settle, standing } = await setUp({ route });
    const first = await ask('a');
    const second = await ask('b');
    expect(second).toMatchObject({ ...atFallback, terms: { held: true, holds: [] } });
    expect(await ask('b')).toMatchObject({ ...atFallback, terms: { holds: [] } });
    await settle('a', first, 10n);
    expect(await ask('b')).toMatchObject({ ...atFallback, terms: { holds: [] } });
    expect(await standing(termsOf(first).holds[0]?.id)).toEqual({ spent: 10n, held: 0n });
    expect(termsOf(await ask('c'))).not.toHaveProperty('fallback');
  });

  test('is not let back to its own upstreams by what it holds for a fallback that was taken out meanwhile', async () => {
    const { ask, standing, store } = await setUp({ route, fallback: 'none' });
    const none = { buckets: [], slots: [], budgets: [] };
    await store.reserve({ id: 'a', ttlMs: 60_000, fallback: true, ...none });
    expect(await ask('a')).toMatchObject({ ...atFallback, terms: { holds: [] } });
    const [ofRoute] = termsOf(await ask('b')).holds;
    expect(await standing(ofRoute?.id)).toEqual({ spent: 0n, held: 310n });
  });

  test('is shortened for its own upstreams where the budget clamps, as long as that helps', async () => {
    const { ask } = await setUp({ route: { budgets: [tokens(500, { onLow: 'clamp' })] } });
    await ask('a');
    const clamped = termsOf(await ask('b'));
    expect(clamped).toMatchObject({ outputCap: 80 });
    expect(clamped).not.toHaveProperty('fallback');
    expect(await ask('c')).toMatchObject(atFallback);
  });

  test.each<[string, object | 'none']>([
    ['without the trigger', { upstreams: [spare] }],
    ['without a fallback', 'none'],
    ['of which no upstream has the model', { ...triggered, upstreams: ['spare'] }],
  ])('stays refused by a route %s, without another question', async (_what, fallback) => {
    const { ask, asked, counted } = await setUp({ route, fallback });
    await ask('a');
    expect(await ask('b')).toMatchObject(budgetSpent);
    expect(asked).toHaveLength(2);
    expect(counted).toEqual(['route:chat/key:acme/k1']);
  });

  test('stays where it is when the budget only reports', async () => {
    const { ask, asked } = await setUp({ route: { budgets: [tokens(1, { enforce: false })] } });
    expect(termsOf(await ask('a'))).not.toHaveProperty('fallback');
    expect(asked).toHaveLength(1);
  });
});

describe('the budgets of a tenant hold at the fallback, too', () => {
  const route = { budgets: [tokens(400)] };

  test.each<[string, object]>([
    ['tokens', { budgets: [tokens(400)] }],
    ['requests', { budgets: [requests(1)] }],
  ])(
    'in %s: without room, the client hears of what refused it first, and nothing is held',
    async (_unit, org) => {
      const { ask, standing, counted } = await setUp({ route, org });
      const holds = termsOf(await ask('a')).holds;
      const refused = await ask('b');
      expect(refused).toMatchObject(budgetSpent);
      expect(refused).toMatchObject({ error: { message: expect.stringContaining('route:chat') } });
      for (const { id, amount } of holds) expect(await standing(id)).toMatchObject({ held: BigInt(amount) });
      expect(counted).toEqual(['route:chat/key:acme/k1']);
    },
  );

  test('in money: what costs nothing goes on when it is used up, though it was overdrawn', async () => {
    const { ask, settle, standing } = await setUp({ org: { budgets: [money('0.000005')] } });
    const first = await ask('a');
    expect(termsOf(first)).toMatchObject({ holds: [{ amount: '3100' }] });
    await settle('a', first, 5_001n);
    const second = await ask('b');
    expect(second).toMatchObject({ ...atFallback, terms: { holds: [{ amount: '0' }] } });
    expect(headerOf(second, 'x-budget-remaining')).toBe('0');
    // It is charged all the same, whatever it comes to: the record knows the price.
    await settle('b', second, 0n);
    expect(await standing(termsOf(second).holds[0]?.id)).toEqual({ spent: 5_001n, held: 0n });
  });

  test('in money: what costs something holds it by the prices of the fallback, and no more than there is', async () => {
    const { ask } = await setUp({ org: { budgets: [money('0.0000035')] }, smallPrice: '0.001' });
    await ask('a');
    expect(await ask('b')).toMatchObject({ ...atFallback, terms: { holds: [{ amount: '310' }] } });
    expect(await ask('c')).toMatchObject(budgetSpent);
  });

  test('a clamp shortens the answer of the fallback to what they have room for', async () => {
    const { ask, asked } = await setUp({ route, org: { budgets: [tokens(500, { onLow: 'clamp' })] } });
    await ask('a');
    const terms = { fallback: 'budget-exhausted', outputCap: 80, holds: [{ amount: '190' }] };
    const clamped = await ask('b');
    expect(clamped).toMatchObject({ outcome: 'within', terms });
    expect(headerOf(clamped, 'x-budget-clamped')).toBe('80');
    asked.length = 0;
    expect(await ask('b')).toMatchObject({ outcome: 'within', terms });
    // What it holds is for the fallback: no cap is tried on its own upstreams.
    expect(asked.map(({ fallback, outputCap }) => [fallback, outputCap])).toEqual([
      [undefined, undefined],
      [true, undefined],
      [true, 80],
    ]);
  });

  test('a clamp is not kept from it by a budget that is overdrawn and of which nothing is needed', async () => {
    const budgets = [money('0.000005'), tokens(500, { onLow: 'clamp' })];
    const { ask, store } = await setUp({ org: { budgets } });
    const [ofMoney] = termsOf(await ask('a')).holds;
    const charges = [[ofMoney?.id ?? '', 5_001n]] as const;
    const records = [{ id: 'another', charges, tokens: undefined, ends: true }];
    await store.settle({ epoch, from: 0, to: 1, records });
    expect(await ask('b')).toMatchObject({ ...atFallback, terms: { outputCap: 80 } });
  });
});

describe('a rate limit', () => {
  test('that refuses is not got around by the fallback', async () => {
    const rateLimits = [{ requestsPerMinute: 6, burstRequests: 1 }];
    const { ask, asked } = await setUp({ route: { budgets: [tokens(400)] }, key: { rateLimits } });
    await ask('a');
    expect(await ask('b')).toMatchObject({ outcome: 'refused', error: { reason: 'rate_limit' } });
    expect(asked).toHaveLength(2);
  });

  test('of the route counts what goes to the fallback', async () => {
    const { ask } = await setUp({ route: { budgets: [tokens(400)], rateLimits: [{ concurrency: 2 }] } });
    await ask('a');
    expect(await ask('b')).toMatchObject(atFallback);
    expect(await ask('c')).toMatchObject({ outcome: 'refused', error: { reason: 'concurrency_limit' } });
  });
});

describe('between the two decisions', () => {
  const route = { budgets: [tokens(400)] };

  test('the store may go away: that is no refusal, so the client may try again', async () => {
    const { ask } = await setUp({
      route,
      between: (_store, reserve) => (reservation) =>
        reservation.fallback
          ? Promise.reject(new StoreUnavailable('reserve', new Error('gone')))
          : reserve(reservation),
    });
    await ask('a');
    expect(await ask('b')).toMatchObject({ outcome: 'refused', error: { reason: 'limits_unavailable' } });
  });

  test('another policy may find room for an earlier submission: then that is what it holds', async () => {
    const { ask } = await setUp({
      route,
      between: (store, reserve) => async (reservation) => {
        if (!reservation.fallback) return reserve(reservation);
        await store.release(['a']);
        const { fallback: _none, ...own } = reservation;
        const counter = 't|route:chat/key:acme/k1|tokens|1768435200|1768521600';
        await store.reserve({ ...own, budgets: [{ counter, amount: 310n, limit: 400n, enforce: true }] });
        return reserve(reservation);
      },
    });
    await ask('a');
    const second = termsOf(await ask('b'));
    expect(second).not.toHaveProperty('fallback');
    expect(second).toMatchObject({ holds: [{ id: expect.stringContaining('route:chat') }] });
  });

  test('what it holds may change each time it is asked: then it gets no grant for what it does not hold', async () => {
    const { ask } = await setUp({
      route,
      between: () => async (reservation) => ({
        outcome: 'reserved',
        again: true,
        ...(reservation.fallback ? {} : { fallback: true }),
        wouldDeny: [],
        buckets: [],
        slots: [],
        budgets: [],
      }),
    });
    expect(await ask('a')).toMatchObject({ outcome: 'refused', error: { reason: 'limits_unavailable' } });
  });

  test('a hold for the fallback may end: then it is decided anew, and never as if it were held', async () => {
    const { ask, store } = await setUp({
      route,
      org: { budgets: [tokens(620)] },
      between: (own, reserve) => async (reservation) => {
        if (reservation.id === 'b' && reservation.fallback && ended) {
          await own.release(['b']);
          await own.reserve({ ...reservation, id: 'quicker' });
        }
        return reserve(reservation);
      },
    });
    let ended = false;
    await ask('a');
    expect(await ask('b')).toMatchObject(atFallback);
    ended = true;
    expect(await ask('b')).toMatchObject(budgetSpent);
    await store.release(['quicker']);
  });
});

test('law: no budget of a tenant is held beyond its limit, and none of the route is touched by what goes to the fallback', async () => {
  const limits = fc.record({
    route: fc.integer({ min: 1, max: 3_000 }),
    org: fc.integer({ min: 1, max: 6_000 }),
    money: fc.integer({ min: 1, max: 60_000 }),
    requests: fc.integer({ min: 1, max: 20 }),
    smallPrice: fc.constantFrom('0', '0.001'),
    onLow: fc.constantFrom('deny', 'clamp'),
  });
  const step = fc.record({
    id: fc.integer({ min: 0, max: 12 }),
    outputCap: fc.integer({ min: 1, max: 600 }),
    ends: fc.constantFrom('not yet', 'settled', 'released'),
    used: fc.bigInt({ min: 0n, max: 100n }),
  });
  let moved = 0;
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { maxLength: 40 }), async (given, steps) => {
      const { smallPrice, onLow } = given;
      const { ask, settle, standing, store } = await setUp({
        route: { budgets: [tokens(given.route, { onLow })] },
        org: { budgets: [tokens(given.org, { onLow })] },
        key: { budgets: [money((given.money / 1e9).toFixed(9), { onLow }), requests(given.requests)] },
        smallPrice,
      });
      const limitOf = new Map([
        ['route:chat/key:acme/k1|tokens', given.route],
        ['org:acme|tokens', given.org],
        ['key:acme/k1|money', given.money],
        ['key:acme/k1|requests', given.requests],
      ]);
      const running = new Map<string, Limited>();
      /** Of each counter what is charged, and by how much more than was held for it. */
      const charged = new Map<string, { sum: bigint; beyond: bigint }>();
      const settleAll = async (name: string, limited: Limited, used: bigint): Promise<void> => {
        await settle(name, limited, used);
        for (const { id: counter, amount } of termsOf(limited).holds) {
          const { sum = 0n, beyond = 0n } = charged.get(counter) ?? {};
          const more = used - BigInt(amount);
          charged.set(counter, { sum: sum + used, beyond: beyond + (more > 0n ? more : 0n) });
        }
      };
      for (const { id, outputCap, ends, used } of steps) {
        const name = `request ${id}`;
        const before = await Promise.all([...charged.keys()].map(standing));
        const asked = await ask(name, { features: { ...meta.features, outputCap } });
        const limited = running.get(name) ?? asked;
        if (asked.outcome === 'refused' || limited.outcome === 'refused') {
          expect(running.has(name)).toBe(false);
          expect(await Promise.all([...charged.keys()].map(standing))).toEqual(before);
          continue;
        }
        // Whatever else has room by now: one way, and one hold.
        expect(asked.terms.fallback).toBe(limited.terms.fallback);
        expect(scopesOf(asked)).toEqual(scopesOf(limited));
        running.set(name, limited);
        if (limited.terms.fallback) {
          moved += 1;
          expect(scopesOf(limited)).toEqual(['org:acme', 'key:acme/k1', 'key:acme/k1']);
        }
        for (const { id: counter } of limited.terms.holds) {
          const { sum, beyond } = charged.get(counter) ?? { sum: 0n, beyond: 0n };
          charged.set(counter, { sum, beyond });
          const [, scope, budget] = counter.split('|');
          const { spent = 0n, held = 0n } = await standing(counter);
          expect(spent).toBe(sum);
          expect(spent + held).toBeLessThanOrEqual(BigInt(limitOf.get(`${scope}|${budget}`) ?? 0) + beyond);
        }
        if (ends === 'not yet') continue;
        running.delete(name);
        if (ends === 'released') await store.release([name]);
        else await settleAll(name, limited, used);
      }
      for (const [name, limited] of running) await settleAll(name, limited, 1n);
      for (const [counter, { sum }] of charged)
        expect(await standing(counter)).toEqual({ spent: sum, held: 0n });
    }),
    { numRuns: 150 },
  );
  expect(moved).toBeGreaterThan(50);
});
