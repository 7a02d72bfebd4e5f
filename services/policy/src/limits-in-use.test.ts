import { createHash } from 'node:crypto';
import { apis, type EnvelopeMeta, type ImportedPrice, parseConfig } from '@weir/contracts';
import { createTenantDirectory } from '@weir/limits';
import { buildPriceBook } from '@weir/pricing';
import { requestMeta } from '@weir/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildAdmissionIndex } from './core/admission-index.ts';
import { createBudgetWatch } from './core/budget-watch.ts';
import { decideAdmission } from './core/decide-admission.ts';
import { createOutputHistory } from './core/output-history.ts';
import { createBudgetStatus } from './handlers/budget-status.ts';
import { createLimitGuard } from './limit-guard.ts';
import { createLimiter, type Limited } from './limiter.ts';
import { createMemoryStore } from './stores/memory-store.ts';

const noon = Date.parse('2026-01-15T12:00:00Z');
const epoch = '2026-01-01T00:00:00Z';
const holdTtlMs = 60_000;
const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

const meta = requestMeta(noon, {
  deadline: Number.MAX_SAFE_INTEGER,
  features: { inputTokens: 100, estimatedBy: 'tokenizer', outputCap: 200, chars: 400, messages: 1, tools: 0 },
  client: { ip: '::1', headers: {}, keySha256: sha256Hex('k1') },
});

type Org = { readonly teams?: readonly object[] } & Readonly<Record<string, unknown>>;

/** All of policy between the bus and the limit store, with a clock that stands still until it is moved. */
const setUp = async (org: Org, pricing: object = {}, imported: readonly ImportedPrice[] = []) => {
  const parsed = parseConfig({
    version: 1,
    upstreams: { gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] } },
    pricing,
    tenants: [{ org: 'acme', ...org }],
  });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  const { config } = parsed;
  const directory = createTenantDirectory();
  directory.applyConfig(config);
  const book = { v: 1, source: 'catalogue', currency: 'USD', models: imported, skipped: [] } as const;
  const built = buildPriceBook({ config: config.pricing, imported: [book], sha256Hex });
  if (built.outcome === 'invalid') throw new Error(built.problems.join('\n'));
  const index = buildAdmissionIndex({ config, directory, book: built.book, sha256Hex });
  const clock = { now: noon };
  const store = createMemoryStore(() => clock.now);
  await store.restore({ epoch, watermark: 0, totals: new Map() });
  const history = createOutputHistory();
  const limiter = createLimiter({
    guard: createLimitGuard({
      store,
      fallback: store,
      replicas: () => 1,
      now: () => 0,
      onTrouble: () => undefined,
    }),
    history,
    watch: createBudgetWatch(),
    metrics: { countWouldDeny: () => undefined, countExhausted: () => undefined },
    holdTtlMs,
    now: () => clock.now,
  });
  const ask = async (id: string, changed: Partial<EnvelopeMeta> = {}): Promise<Limited> => {
    const request = { ...meta, receivedAt: clock.now, ...changed, id };
    const admission = decideAdmission(index, request, clock.now);
    if (admission.outcome === 'rejected') return { outcome: 'refused', error: admission.error };
    if (!admission.limits) throw new Error('no limit applies');
    return limiter({ meta: request, ...admission, ...admission.limits });
  };
  let watermark = 0;
  const settle = async (id: string, limited: Limited, delta: bigint): Promise<void> => {
    if (limited.outcome === 'refused') throw new Error(limited.error.message);
    const charges = limited.terms.holds.map(({ id: counter }) => [counter, delta] as const);
    const records = [{ id, charges, tokens: Number(delta), ends: true }];
    await store.settle({ epoch, from: watermark, to: watermark + 1, records });
    watermark += 1;
  };
  const readAll = async (limited: Limited) => {
    if (limited.outcome === 'refused') throw new Error(limited.error.message);
    return store.read(limited.terms.holds.map(({ id }) => id));
  };
  return { ask, settle, readAll, store, history, clock };
};

const key = (rules: object = {}) => ({ id: 'k1', sha256: sha256Hex('k1'), ...rules });
const daily = { name: 'daily', limit: 1_000, period: 'daily' };

describe('what is held', () => {
  test('a crash between hold and settle frees the hold within its time to live', async () => {
    const { ask, clock } = await setUp({ keys: [key({ budgets: [{ ...daily, limit: 400 }] })] });
    expect(await ask('dies')).toMatchObject({ outcome: 'within' });
    clock.now += holdTtlMs - 1;
    expect(await ask('early')).toMatchObject({ outcome: 'refused' });
    clock.now += 1;
    expect(await ask('after')).toMatchObject({ outcome: 'within' });
  });

  test('nothing is held when nothing runs, and what is spent is the sum of the ledger, in whatever order requests overlap and end', async () => {
    const run = fc.record({
      starts: fc.nat({ max: 20 }),
      lasts: fc.nat({ max: 20 }),
      used: fc.bigInt({ min: 0n, max: 400n }),
      crashes: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 15 }), async (runs) => {
        const { ask, settle, store, clock } = await setUp({
          keys: [key({ budgets: [{ ...daily, limit: 1_000_000 }] })],
        });
        let counter = '';
        let sum = 0n;
        const running = new Map<number, Limited>();
        for (let step = 0; step <= 40; step += 1) {
          for (const [index, { starts, lasts, used, crashes }] of runs.entries()) {
            if (starts === step) {
              const limited = await ask(`request ${index}`);
              if (limited.outcome === 'within') counter = limited.terms.holds[0]?.id ?? '';
              running.set(index, limited);
            }
            const limited = starts + lasts === step ? running.get(index) : undefined;
            if (!limited || crashes) continue;
            await settle(`request ${index}`, limited, used);
            sum += used;
          }
        }
        clock.now += holdTtlMs;
        for (let swept = 1; swept > 0; ) swept = await store.sweep();
        expect(await store.read([counter])).toEqual([{ counter, spent: sum, held: 0n }]);
      }),
      { numRuns: 50 },
    );
  });

  test('what is enforced is the sum of the ledger and the live holds, each of them named', async () => {
    const { ask, settle, store } = await setUp({ keys: [key({ budgets: [daily] })] });
    await settle('a', await ask('a'), 120n);
    const running = await ask('b');
    await ask('c');
    const counters = running.outcome === 'within' ? running.terms.holds.map(({ id }) => id) : [];
    const answers: Uint8Array[] = [];
    await createBudgetStatus({ store })({
      data: new TextEncoder().encode(JSON.stringify({ counters, holds: true })),
      respond: (answer) => answers.push(answer),
    });
    expect(JSON.parse(new TextDecoder().decode(answers[0]))).toMatchObject({
      counters: [
        {
          spent: '120',
          held: '620',
          holds: [
            { id: 'b', amount: '310' },
            { id: 'c', amount: '310' },
          ],
          complete: true,
        },
      ],
    });
    expect(await ask('d')).toMatchObject({
      outcome: 'refused',
      error: { headers: expect.arrayContaining([['x-budget-remaining', String(1_000 - 120 - 620)]]) },
    });
  });

  test('a budget with nothing spent is not used up by the long caps of agents, where it holds what answers usually need', async () => {
    const features = { ...meta.features, outputCap: 32_000 };
    const budget = { ...daily, limit: 100_000 };
    const worst = await setUp({ keys: [key({ budgets: [budget] })] });
    const usual = await setUp({ keys: [key({ budgets: [{ ...budget, hold: { mode: 'quantile' } }] })] });
    const admittedOf = async ({ ask, history }: typeof worst): Promise<number> => {
      for (let answer = 0; answer < 100; answer += 1) history.add('small', 500);
      let admitted = 0;
      while (admitted < 60 && (await ask(`request ${admitted}`, { features })).outcome === 'within')
        admitted += 1;
      return admitted;
    };
    expect(await admittedOf(worst)).toBe(3);
    // Less than a fifth is left from then on, which the long cap does not fit into.
    expect(await admittedOf(usual)).toBeGreaterThan(40);
  });

  test('the tokens of a rate are taken before the answer, so that requests at once cannot all pass', async () => {
    const rate = { tokensPerMinute: 60, burstTokens: 1_000 };
    const { ask } = await setUp({ keys: [key({ rateLimits: [rate] })] });
    const asked = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(`request ${index}`)));
    // 100 of input and 200 of output each.
    expect(asked.filter(({ outcome }) => outcome === 'within')).toHaveLength(3);
  });

  test('requests and tokens have buckets of their own: neither rate takes from the other', async () => {
    const rate = { requestsPerMinute: 10, tokensPerMinute: 100_000 };
    const { ask } = await setUp({ keys: [key({ rateLimits: [rate] })] });
    const asked = await Promise.all(Array.from({ length: 12 }, (_, index) => ask(`request ${index}`)));
    expect(asked.filter(({ outcome }) => outcome === 'within')).toHaveLength(10);
    expect(asked[9]).toMatchObject({
      answerHeaders: expect.arrayContaining([
        ['x-ratelimit-remaining-requests', '0'],
        ['x-ratelimit-remaining-tokens', '97000'],
      ]),
    });
  });
});

describe('a count of tokens', () => {
  const count = { api: 'anthropic.count_tokens', route: 'anthropic-count-tokens' } as const;

  test('takes nothing of tokens and money, not even where its model has no price, and counts as a request', async () => {
    const rate = { tokensPerMinute: 60, burstTokens: 90, requestsPerMinute: 10 };
    const budgets = [
      { ...daily, limit: 50 },
      { name: 'money', unit: 'money', limit: '0.000001', period: 'daily' },
      { name: 'requests', unit: 'requests', limit: 5, period: 'daily' },
    ];
    const { ask } = await setUp({ keys: [key({ budgets, rateLimits: [rate] })] }, { onMissing: 'deny' });
    // 100 tokens go in, which neither the bucket nor the budgets have room for.
    expect(await ask('count', count)).toMatchObject({
      outcome: 'within',
      terms: { holds: [{ amount: '0' }, { amount: '0' }, { amount: '1' }] },
      answerHeaders: expect.arrayContaining([
        ['x-ratelimit-remaining-requests', '9'],
        ['x-ratelimit-remaining-tokens', '90'],
      ]),
    });
  });
});

describe('which budgets a request meets', () => {
  test('law: no budget of organisation, team or key is ever held beyond its limit, wherever it stands', async () => {
    const limits = fc.record({
      org: fc.option(fc.integer({ min: 1, max: 3_000 })),
      team: fc.option(fc.integer({ min: 1, max: 3_000 })),
      key: fc.integer({ min: 1, max: 3_000 }),
    });
    const caps = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(limits, caps, async (given, outputCaps) => {
        const rulesOf = (limit: number | null) =>
          limit === null ? {} : { budgets: [{ ...daily, limit, onLow: 'clamp' }] };
        const { ask, readAll } = await setUp({
          ...rulesOf(given.org),
          teams: [{ team: 'web', ...rulesOf(given.team), keys: [key(rulesOf(given.key))] }],
        });
        const wanted = [given.org, given.team, given.key].filter((limit) => limit !== null);
        for (const [index, outputCap] of outputCaps.entries()) {
          const limited = await ask(`request ${index}`, { features: { ...meta.features, outputCap } });
          if (limited.outcome === 'refused') continue;
          const states = await readAll(limited);
          expect(states).toHaveLength(wanted.length);
          states.forEach(({ held }, place) => {
            expect(held).toBeLessThanOrEqual(BigInt(wanted[place] ?? 0));
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  // The list of models is answered by policy itself: nobody is paid for it.
  test.each(apis.filter((api) => api !== 'openai.models'))(
    'a request of %s meets the budgets of its key, and holds nothing once it is settled (complaint 11)',
    async (api) => {
      const few = { name: 'few', unit: 'requests', limit: 1, period: 'daily' };
      const { ask, settle, readAll } = await setUp({ keys: [key({ budgets: [few] })] });
      const first = await ask('first', { api });
      expect(await readAll(first)).toMatchObject([{ spent: 0n, held: 1n }]);
      expect(await ask('second', { api })).toMatchObject({
        outcome: 'refused',
        error: { reason: 'budget_spent' },
      });
      await settle('first', first, 1n);
      expect(await readAll(first)).toMatchObject([{ spent: 1n, held: 0n }]);
    },
  );

  test('a request belongs to the period that it arrived in, and a new period begins at nothing without anybody resetting it', async () => {
    const { ask, settle, readAll, clock } = await setUp({ keys: [key({ budgets: [daily] })] });
    clock.now = Date.parse('2026-01-15T23:59:59.900Z');
    const late = await ask('late');
    clock.now += 200;
    const early = await ask('early');
    await settle('late', late, 250n);
    expect(await readAll(late)).toMatchObject([{ spent: 250n, held: 0n }]);
    expect(await readAll(early)).toMatchObject([{ spent: 0n, held: 310n }]);
    // Submitted again after midnight, it is still of the day before.
    expect(await ask('late', { receivedAt: noon })).toMatchObject({
      terms: { holds: late.outcome === 'within' ? [{ id: late.terms.holds[0]?.id }] : [] },
    });
  });
});

describe('a price that is not known', () => {
  const money = {
    keys: [key({ budgets: [{ name: 'monthly', unit: 'money', limit: '1', period: 'monthly' }] })],
  };

  test('is refused, replaced or let through as configured, and no answer without output needs the price of one', async () => {
    const denied = await setUp(money, { onMissing: 'deny' });
    expect(await denied.ask('a')).toMatchObject({ outcome: 'refused', error: { reason: 'no_price' } });
    const prices = { inputPerMillion: 10, outputPerMillion: 100 };
    const replaced = await setUp(money, { onMissing: 'default', default: prices });
    // 110 tokens for 10,000 nano each, 200 for 100,000.
    expect(await replaced.ask('a')).toMatchObject({ terms: { holds: [{ amount: '21100000' }] } });
    const allowed = await setUp(money, { onMissing: 'allow' });
    expect(await allowed.ask('a')).toMatchObject({ outcome: 'within', terms: { holds: [{ amount: '0' }] } });
    const { ask } = await setUp(money, {
      onMissing: 'deny',
      models: [{ model: 'vectors', inputPerMillion: 10 }],
    });
    const embeddings = { api: 'openai.embeddings', route: 'openai-embeddings', model: 'vectors' } as const;
    const features = { inputTokens: 100, chars: 400, messages: 1, tools: 0 };
    expect(await ask('a', { ...embeddings, features })).toMatchObject({
      outcome: 'within',
      terms: { holds: [{ amount: '1100000' }] },
    });
  });

  test('a prompt that may be cached holds the surcharge for it', async () => {
    const prices = { inputPerMillion: 10, outputPerMillion: 100, cacheWritePerMillion: '12.5' };
    const { ask } = await setUp(money, { models: [{ model: 'claude', ...prices }] });
    const anthropic = { api: 'anthropic.messages', route: 'anthropic-messages', model: 'claude' } as const;
    expect(await ask('a', anthropic)).toMatchObject({ terms: { holds: [{ amount: '21375000' }] } });
  });

  const holdOf = (limited: Limited): string | undefined =>
    limited.outcome === 'within' ? limited.terms.holds[0]?.amount : undefined;

  test('a prompt that is to be cached for an hour holds the price of that', async () => {
    const prices = { inputPerMillion: 10, outputPerMillion: 100, cacheWritePerMillion: '12.5' };
    const { ask } = await setUp(money, {
      models: [{ model: 'claude', ...prices, cacheWrite1hPerMillion: 20 }],
    });
    const anthropic = { api: 'anthropic.messages', route: 'anthropic-messages', model: 'claude' } as const;
    const features = { ...meta.features, cachesForHour: true };
    // 110 tokens for 20,000 nano each, 200 for 100,000.
    expect(holdOf(await ask('hour', { ...anthropic, features }))).toBe('22200000');
    expect(holdOf(await ask('minutes', anthropic))).toBe('21375000');
  });

  test('a request for a dearer service tier holds the price of that, and one for a cheaper tier that without it', async () => {
    const serviceTiers = {
      priority: { inputPerMillion: '20', outputPerMillion: '200', tiers: [] },
      flex: { inputPerMillion: '5', outputPerMillion: '50', tiers: [] },
    };
    const prices = { inputPerMillion: '10', outputPerMillion: '100', tiers: [], serviceTiers };
    const { ask } = await setUp(money, {}, [{ model: 'small', priority: 0, tierMode: 'whole', ...prices }]);
    const asking = (serviceTier: string) => ({ features: { ...meta.features, serviceTier } });
    expect(holdOf(await ask('none'))).toBe('21100000');
    expect(holdOf(await ask('dear', asking('priority')))).toBe('42200000');
    // Anthropic's name of the same.
    expect(holdOf(await ask('fast', asking('fast')))).toBe('42200000');
    // It may be refused.
    expect(holdOf(await ask('cheap', asking('flex')))).toBe('21100000');
    expect(holdOf(await ask('odd', asking('unheard-of')))).toBe('21100000');
  });
});
