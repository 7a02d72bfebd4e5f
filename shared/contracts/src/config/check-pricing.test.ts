import { expect, test } from 'vitest';
import { checkPricing } from './check-pricing.ts';
import { renderProblem } from './config-problem.ts';
import { parseConfig } from './parse-config.ts';

const priced = (model: string, more: object = {}): object => ({ model, inputPerMillion: 1, ...more });

const problemsOf = (...models: readonly object[]): string[] =>
  checkPricing({ value: { models }, at: ['pricing'] }).map(renderProblem);

const [january, february, march] = ['2027-01-01T00:00:00Z', '2027-02-01T00:00:00Z', '2027-03-01T00:00:00Z'];

test('one price after the other for the same model is fine', () => {
  expect(
    problemsOf(
      priced('gpt-4o', { until: february }),
      priced('gpt-4o', { from: february, until: march }),
      priced('gpt-4o', { from: march }),
    ),
  ).toEqual([]);
});

test('two prices for the same model at the same time are a problem', () => {
  expect(problemsOf(priced('gpt-4o', { until: march }), priced('gpt-4o', { from: february }))).toEqual([
    'pricing.models[1].model: found "gpt-4o", expected one price at a time: pricing.models[0].model has this model; part them by `from` and `until`, or give one a `priority`',
  ]);
});

test('a priority or an organisation parts prices of the same model', () => {
  expect(
    problemsOf(
      priced('gpt-4o'),
      priced('gpt-4o', { priority: 1 }),
      priced('gpt-4o', { org: 'acme' }),
      priced('gpt-4o', { org: 'other' }),
    ),
  ).toEqual([]);
  expect(problemsOf(priced('gpt-4o', { org: 'acme' }), priced('gpt-4o', { org: 'acme' }))).toHaveLength(1);
});

test('a time is compared as a time, whatever its offset', () => {
  expect(
    problemsOf(
      priced('gpt-4o', { until: '2027-02-01T02:00:00+02:00' }),
      priced('gpt-4o', { from: february }),
    ),
  ).toEqual([]);
});

test('globs of equal rank that can match the same model are a problem', () => {
  expect(problemsOf(priced('gpt-*-mini*'), priced('gpt-*-2024*'))).toEqual([
    'pricing.models[1].model: found "gpt-*-2024*", expected a pattern of another rank than pricing.models[0].model, "gpt-*-mini*": both match some model, and neither goes first; give one a `priority`',
  ]);
  expect(problemsOf(priced('gpt-*-mini*', { priority: 1 }), priced('gpt-*-2024*'))).toEqual([]);
});

test.each([
  [['gpt-4*', 'gpt-5*'], 'the literal prefixes differ'],
  [['gpt-4-turbo*', 'gpt-4*'], 'one prefix is longer'],
  [['gpt-*-mini', 'gpt-*-nano'], 'the ends differ'],
  [['gpt-*', 'gpt-**'], 'one has fewer stars'],
  [['openai/*', 'anthropic/*', '*'], 'the providers differ'],
])('%j: %s', (patterns) => {
  expect(problemsOf(...patterns.map((pattern) => priced(pattern)))).toEqual([]);
});

test('a price that ends before it begins is a problem', () => {
  expect(problemsOf(priced('gpt-4o', { from: february, until: february }))).toEqual([
    `pricing.models[0].until: found "${february}", expected a time after \`from\`, ${february}`,
  ]);
  expect(problemsOf(priced('gpt-4o', { from: february, until: january }))).toHaveLength(1);
});

test('tiers rise', () => {
  const tier = (above: number): object => ({ above, inputPerMillion: 2 });
  expect(problemsOf(priced('gpt-4o', { tiers: [tier(1), tier(2)] }))).toEqual([]);
  expect(problemsOf(priced('gpt-4o', { tiers: [tier(200), tier(200)] }))).toEqual([
    'pricing.models[0].tiers[1].above: found the number 200, expected more than 200, the threshold of the tier before',
  ]);
});

test('a tier and a model have a price', () => {
  expect(problemsOf({ model: 'gpt-4o' }, priced('gpt-5', { tiers: [{ above: 1 }] }))).toEqual([
    "pricing.models[0]: found a mapping, expected at least one price; `inputPerMillion: '0'` is free",
    'pricing.models[1].tiers[0]: found a mapping, expected at least one price that differs, such as `inputPerMillion`',
  ]);
});

test('a mode of tiers wants tiers', () => {
  expect(problemsOf(priced('gpt-4o', { tierMode: 'marginal' }))).toEqual([
    'pricing.models[0].tierMode: found "marginal", expected nothing: there are no `tiers` to be priced so',
  ]);
});

test.each([[undefined], [null], ['text'], [{ models: 'text' }], [{ models: [null, 1, { model: 2 }] }]])(
  'whatever stands there, it reads: %j',
  (value) => {
    expect(() => checkPricing({ value, at: ['pricing'] })).not.toThrow();
  },
);

test('it is part of checking a configuration, and so is the finest price', () => {
  const parsed = parseConfig({
    version: 1,
    upstreams: { local: { provider: 'openai-compatible', targets: ['http://127.0.0.1:8090'] } },
    pricing: {
      models: [
        { model: 'a', inputPerMillion: '0.0000001' },
        { model: 'a', inputPer1k: '0.000000001', outputPer1k: '0.0000000010' },
      ],
    },
  });
  expect(parsed.outcome === 'invalid' && parsed.problems.map(renderProblem)).toEqual([
    'pricing.models[0].inputPerMillion: found "0.0000001", expected a price with at most 6 decimals',
    expect.stringContaining('pricing.models[1].model: found "a", expected one price at a time'),
  ]);
});
