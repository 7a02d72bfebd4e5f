import type { RatedUsage, Usage } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProviderDay } from '../provider-usage/join-provider-usage.ts';
import { ratedUsage } from '../testdata/rated-usage.ts';
import { createProviderWatch, type LedgerEdge, type ProviderWatchOptions } from './provider-watch.ts';

const dayMs = 86_400_000;
const midnight = Date.parse('2026-11-29T00:00:00Z');
const day = midnight / dayMs;
const noon = midnight + dayMs / 2;
const minute = 60_000;
const edge: LedgerEdge = { now: midnight + 3 * dayMs, graceMs: 180_000, openSince: undefined };

let drawn = 0;
/** An attempt of its own, at noon of the day, that the provider reported. */
const attempt = (given: Partial<RatedUsage> = {}): RatedUsage => {
  drawn += 1;
  return {
    ...ratedUsage,
    requestId: `request-${drawn}`,
    upstream: 'openai',
    modelRequested: 'fast',
    modelServed: 'gpt-4o',
    startedAt: noon,
    totalMs: 900,
    status: 200,
    usage: { inputText: 60, cacheRead: 40, inputTotal: 100, outputText: 20, outputTotal: 20 },
    ...given,
  };
};

const reported = (lanes: object = {}, given: Partial<ProviderDay> = {}): ProviderDay => ({
  upstream: 'openai',
  kind: 'completions',
  day,
  models: new Map([['gpt-4o', { inputTotal: 100n, cacheRead: 40n, outputTotal: 20n, ...lanes }]]),
  ...given,
});

const report = (
  days: readonly ProviderDay[],
  records: readonly RatedUsage[],
  given: Partial<ProviderWatchOptions & LedgerEdge & { partial: number }> = {},
) => {
  const { partial = 0, ...more } = given;
  const watch = createProviderWatch({
    providers: { days, partial },
    epoch: '2026-11-01T10:00:00Z',
    trustsPredecessors: false,
    ...more,
  });
  for (const record of records) watch.take(record);
  return watch.report({ ...edge, ...more });
};

const texts = ({ findings }: ReturnType<typeof report>) =>
  findings.map(({ where, what, expected, found }) => `${where}: ${what}; ${expected}; ${found}`);

describe('a day, by model and lane', () => {
  test('is right when the provider counted what it had reported', () => {
    expect(report([reported()], [attempt()])).toEqual({
      invariant: 'I7',
      promise: 'providers counted the same',
      state: 'ok',
      note: '1 days compared',
      found: 0,
      findings: [],
    });
  });

  test.each([
    ['inputTotal', 101n, 'suspense of 1 tokens, inputTotal', 100],
    ['outputTotal', 19n, 'suspense of -1 tokens, outputTotal', 20],
    ['cacheRead', 0n, 'suspense of -40 tokens, cacheRead', 40],
  ])('is in suspense when the count of %s is %i', (lane, counted, what, own) => {
    const found = report([reported({ [lane]: counted })], [attempt()]);
    expect(found.state).toBe('failed');
    expect(texts(found)).toEqual([
      `openai gpt-4o 2026-11-29: ${what}; ${counted} by the provider's count; ${own} reported`,
    ]);
  });

  test('is in suspense where one of the two does not know a model', () => {
    const other = reported({}, { models: new Map([['gpt-5', { inputTotal: 1n, outputTotal: 0n }]]) });
    expect(texts(report([other], [attempt()]))).toEqual([
      "openai gpt-4o 2026-11-29: suspense of -100 tokens, inputTotal; 0 by the provider's count; 100 reported",
      "openai gpt-4o 2026-11-29: suspense of -20 tokens, outputTotal; 0 by the provider's count; 20 reported",
      "openai gpt-5 2026-11-29: suspense of 1 tokens, inputTotal; 1 by the provider's count; 0 reported",
    ]);
    expect(report([reported({}, { models: new Map() })], []).state).toBe('ok');
  });

  test('is not held against a lane that the report does not have', () => {
    const models = new Map([['gpt-4o', { inputTotal: 100n, outputTotal: 20n }]]);
    expect(report([reported({}, { models })], [attempt()]).state).toBe('ok');
  });

  test('has the model that was asked for, where the provider named no other', () => {
    const { modelServed: _served, ...plain } = attempt({ modelRequested: 'gpt-4o' });
    expect(report([reported()], [plain]).state).toBe('ok');
  });

  test('has of each attempt what its latest record says', () => {
    const first = attempt({ revision: 0, quality: 'estimated', usage: { inputTotal: 7, outputTotal: 9 } });
    const { usage } = attempt();
    const second = { ...first, revision: 1, quality: 'reported', usage } as const;
    const rated = { ...second, ratingNumber: 1 };
    for (const records of [
      [first, second, rated],
      [rated, first, second],
      [second, first],
      [rated, { ...second, usage: first.usage }],
    ])
      expect(report([reported()], records)).toMatchObject({ state: 'ok', note: '1 days compared' });
  });

  test('has nothing of an attempt whose latest record says that it was on another day', () => {
    const first = attempt({
      revision: 0,
      quality: 'estimated',
      startedAt: midnight - 5 * minute,
      totalMs: 6 * minute,
    });
    const second = { ...first, revision: 1, quality: 'reported', totalMs: 900 } as const;
    const none = reported({}, { models: new Map() });
    expect(report([none], [first, second])).toMatchObject({ state: 'ok', note: '1 days compared' });
  });

  test('of Anthropic is held against lanes that do not hold each other', () => {
    const usage: Usage = {
      inputText: 5,
      cacheRead: 4,
      cacheWrite5m: 3,
      cacheWrite1h: 2,
      inputTotal: 14,
      outputTotal: 1,
    };
    const record = attempt({
      api: 'anthropic.messages',
      upstream: 'anthropic',
      modelServed: 'claude',
      usage,
    });
    const counted = { inputText: 5n, cacheRead: 4n, cacheWrite5m: 3n, cacheWrite1h: 2n, outputTotal: 1n };
    const of = (lanes: object) =>
      reported(
        {},
        { upstream: 'anthropic', kind: 'messages', models: new Map([['claude', { ...counted, ...lanes }]]) },
      );
    expect(report([of({})], [record]).state).toBe('ok');
    for (const lane of Object.keys(counted))
      expect(report([of({ [lane]: 9n })], [record]).state).toBe('failed');
  });

  test('of embeddings has embeddings alone, and nobody is charged for what runs no model', () => {
    const embeddings = reported(
      {},
      { kind: 'embeddings', models: new Map([['gpt-4o', { inputTotal: 7n }]]) },
    );
    const records = [
      attempt(),
      attempt({ api: 'openai.embeddings', usage: { inputTotal: 7 } }),
      attempt({ api: 'anthropic.count_tokens', usage: { inputTotal: 50 } }),
      attempt({ upstream: 'azure' }),
    ];
    expect(report([reported(), embeddings], records)).toMatchObject({ state: 'ok', note: '2 days compared' });
    expect(report([embeddings], records).state).toBe('ok');
  });
});

describe('what the provider did not report', () => {
  const estimated = () =>
    attempt({ revision: 0, quality: 'estimated', usage: { inputTotal: 50, outputTotal: 10, cacheRead: 5 } });
  const partial = () =>
    attempt({ revision: 0, quality: 'partial', usage: { inputTotal: 10, outputTotal: 2 } });
  const unknown = (given: object = {}) => attempt({ revision: 0, quality: 'unknown', usage: {}, ...given });

  test('is a warning as far as the estimates go, with what is in suspense', () => {
    const found = report([reported({ inputTotal: 155n })], [attempt(), estimated(), partial()]);
    expect(found).toMatchObject({ state: 'warning', note: '1 days compared; 2 attempts estimated' });
    expect(texts(found)).toEqual([
      "openai gpt-4o 2026-11-29: suspense of 55 tokens, inputTotal: no more than was estimated; 155 by the provider's count; 100 reported, 60 estimated in 2 attempts",
    ]);
  });

  test('explains neither more than the estimates, nor less than what was reported', () => {
    const records = [attempt(), estimated()];
    expect(report([reported({ inputTotal: 150n })], records).state).toBe('warning');
    expect(report([reported({ inputTotal: 151n })], records).state).toBe('failed');
    expect(report([reported({ inputTotal: 99n })], records).state).toBe('failed');
  });

  test('comes behind what fails, of which the first twenty are told', () => {
    const names = Array.from({ length: 40 }, (_, index) => `m${String(index).padStart(2, '0')}`);
    const found = report(
      [reported({}, { models: new Map(names.map((name) => [name, { inputTotal: 7n }])) })],
      names.slice(0, 30).map((modelServed) => ({ ...estimated(), modelServed })),
    );
    expect(found).toMatchObject({ state: 'failed', found: 40 });
    expect(found.findings.map(({ where }) => where.split(' ')[1])).toEqual([
      ...names.slice(30),
      ...names.slice(0, 10),
    ]);
  });

  test('is no zero: an attempt of which nothing is known explains nothing, and is told', () => {
    expect(report([reported()], [attempt(), unknown()])).toMatchObject({
      state: 'ok',
      note: '1 days compared; 1 attempts unknown',
    });
    const found = report([reported({ outputTotal: 25n })], [attempt(), unknown()]);
    expect(found.state).toBe('failed');
    expect(texts(found)[0]).toContain('20 reported, 1 attempts of which it is not known');
  });

  test('is told lane by lane, where an attempt does not say all', () => {
    const silent = attempt({ usage: { inputTotal: 100, outputTotal: 20 } });
    const double = { inputTotal: 200n, cacheRead: 80n, outputTotal: 40n };
    expect(texts(report([reported(double)], [attempt(), silent]))).toEqual([
      "openai gpt-4o 2026-11-29: suspense of 40 tokens, cacheRead; 80 by the provider's count; 40 reported, 1 attempts of which it is not known",
    ]);
  });

  test('may be of any model of the day, where the report does not name the one that was asked for', () => {
    const { modelServed: _served, ...cut } = { ...estimated(), modelRequested: 'fast' };
    const found = report([reported({ inputTotal: 150n })], [attempt(), cut]);
    expect(found.state).toBe('warning');
    expect(texts(found)[0]).toContain('100 reported, 50 estimated for models that the report does not name');
    expect(report([reported({ inputTotal: 151n })], [attempt(), cut]).state).toBe('failed');
    const named = reported({ inputTotal: 150n });
    const both = {
      ...named,
      models: new Map([...named.models, ['fast', { inputTotal: 0n, outputTotal: 0n }]]),
    };
    expect(report([both], [attempt(), cut]).state).toBe('failed');
  });

  test('is not missed where the provider refused', () => {
    for (const status of [400, 503])
      expect(report([reported()], [attempt(), unknown({ status })]).note).toBe('1 days compared');
    const { status: _status, ...unanswered } = unknown();
    for (const record of [unknown({ status: 399 }), unanswered])
      expect(report([reported()], [attempt(), record]).note).toBe('1 days compared; 1 attempts unknown');
    const failed = { ...estimated(), status: 500 };
    expect(report([reported()], [attempt(), failed]).note).toBe('1 days compared; 1 attempts estimated');
  });
});

describe('midnight', () => {
  const yesterday = reported({}, { day: day - 1, models: new Map() });
  test.each([
    ['that went over it', { startedAt: midnight - 5 * minute, totalMs: 6 * minute }],
    ['that ended just before it', { startedAt: midnight - minute, totalMs: 30_000 }],
    ['that began just after it', { startedAt: midnight + minute / 2, totalMs: 900 }],
  ])('leaves an attempt %s to either day, and to one of them', (_what, times) => {
    const records = [attempt(), attempt(times)];
    const twice = { inputTotal: 200n, cacheRead: 80n, outputTotal: 40n };
    const once = reported();
    const lanes = { inputTotal: 100n, cacheRead: 40n, outputTotal: 20n };
    const there = reported({}, { day: day - 1, models: new Map([['gpt-4o', lanes]]) });
    expect(report([yesterday, reported(twice)], records).state).toBe('ok');
    expect(report([there, once], records)).toMatchObject({
      state: 'ok',
      note: '2 days compared; 2 attempts around midnight',
    });
    expect(report([reported({ inputTotal: 201n })], records).state).toBe('failed');
    expect(report([reported({ inputTotal: 99n })], records).state).toBe('failed');
  });

  test('is no nearer by a clock that was set back meanwhile', () => {
    const back = attempt({ startedAt: midnight + 30 * minute, totalMs: -40 * minute });
    expect(report([reported()], [back])).toMatchObject({ state: 'ok', note: '1 days compared' });
  });

  test('is far from all other attempts', () => {
    const far = attempt({ startedAt: midnight + 2 * minute, totalMs: 900 });
    expect(report([reported()], [far])).toMatchObject({ state: 'ok', note: '1 days compared' });
    expect(report([reported({ inputTotal: 99n })], [far]).state).toBe('failed');
  });
});

describe('a day is left out, and counted', () => {
  const wrong = reported({ inputTotal: 1n });
  test.each([
    [
      'while it is not over',
      { now: midnight + dayMs + 179_999 },
      '1 left out, not over, or with attempts under way',
    ],
    [
      'while an attempt of it has no account',
      { openSince: midnight + dayMs + minute - 1 },
      '1 left out, not over, or with attempts under way',
    ],
    [
      'when it began before the ledger',
      { epoch: '2026-11-29T00:00:01Z' },
      '1 left out, begun before the ledger was',
    ],
    ['when it is no whole day', { partial: 1, now: midnight }, '1 left out, no whole day'],
  ])('%s', (_what, given, note) => {
    const found = report([wrong], [attempt()], given);
    expect(found).toMatchObject({ state: 'not_checked', found: 0 });
    expect(found.note).toContain(`0 days compared`);
    expect(found.note).toContain(note);
  });

  test.each([
    ['once it and the grace time are over', { now: midnight + dayMs + 180_000 }],
    ['once what is under way began more than a minute behind it', { openSince: midnight + dayMs + minute }],
    ['where the ledger was created as it began', { epoch: '2026-11-29T00:00:00Z' }],
  ])('but not %s', (_what, given) => {
    expect(report([wrong], [attempt()], given).state).toBe('failed');
  });

  test('and the others are compared all the same', () => {
    const found = report([wrong, reported({}, { day: day + 3 })], [attempt()]);
    expect(found).toMatchObject({
      state: 'failed',
      note: expect.stringMatching(/^1 days compared; 1 left out/),
    });
  });

  test('an attempt that runs later holds up no day', () => {
    expect(report([wrong], [attempt()], { openSince: midnight + 2 * dayMs }).state).toBe('failed');
  });
});

test('nothing is checked without a report, or where the ledger was not read from its start', () => {
  const without = createProviderWatch({ epoch: '2026-11-01T00:00:00Z', trustsPredecessors: false });
  expect(without.report(edge)).toMatchObject({
    state: 'not_checked',
    note: expect.stringContaining('reports'),
  });
  expect(report([reported({ inputTotal: 1n })], [attempt()], { trustsPredecessors: true })).toMatchObject({
    state: 'not_checked',
    note: 'the ledger was not read from its start',
  });
});

test('law: how attempts interleave, and what came before their last revision, change nothing', () => {
  const recordArbitrary = fc.record({
    index: fc.nat(5),
    revision: fc.nat(3),
    hour: fc.integer({ min: -2, max: 25 }),
    tokens: fc.nat(1_000),
    quality: fc.constantFrom('reported', 'estimated', 'partial', 'unknown'),
    modelServed: fc.constantFrom('gpt-4o', 'gpt-5'),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(recordArbitrary, {
        selector: ({ index, revision }) => `${index}.${revision}`,
        maxLength: 20,
      }),
      fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
      (plans, ranks) => {
        const records = plans.map(({ index, hour, tokens, ...rest }) =>
          attempt({
            ...rest,
            requestId: `request-${index}`,
            startedAt: midnight + hour * 3_600_000,
            usage: rest.quality === 'unknown' ? {} : { inputTotal: tokens, outputTotal: 2 * tokens },
          }),
        );
        const byRank = plans.map(({ index }, place) => ({ index, rank: ranks[place] ?? 0 }));
        const waiting = Map.groupBy(
          records.toSorted((left, right) => left.revision - right.revision),
          ({ requestId }) => requestId,
        );
        const latest = [...waiting.values()].flatMap((ofOne) => ofOne.slice(-1));
        const interleaved = byRank
          .sort((left, right) => left.rank - right.rank)
          .flatMap(({ index }) => waiting.get(`request-${index}`)?.splice(0, 1) ?? []);
        const days = [reported(), reported({}, { day: day - 1 })];
        expect(interleaved).toHaveLength(records.length);
        expect(report(days, interleaved)).toEqual(report(days, latest));
      },
    ),
  );
});
