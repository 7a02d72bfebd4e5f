import type { ImportedBook, ImportedPrice, ModelPriceConfig } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findPrice, namesOf } from './find-price.ts';
import { buildPriceBook, type PriceBook } from './price-book.ts';

const sha256Hex = (text: string): string => text;

const entry = (model: string, more: Partial<ModelPriceConfig> = {}): ModelPriceConfig => ({
  model,
  priority: 0,
  tiers: [],
  tierMode: 'whole',
  inputPerMillion: '1',
  ...more,
});

const catalogue = (...models: readonly ImportedPrice[]): ImportedBook => ({
  v: 1,
  source: 'test',
  currency: 'USD',
  models,
  skipped: [],
});

const bookOf = (models: readonly ModelPriceConfig[], ...imported: readonly ImportedBook[]): PriceBook => {
  const built = buildPriceBook({
    config: { currency: 'USD', onMissing: 'allow', models },
    imported,
    sha256Hex,
  });
  if (built.outcome === 'invalid') throw new Error(built.problems.join('\n'));
  return built.book;
};

const find = (book: PriceBook, name: string, more: { provider?: string; org?: string; at?: number } = {}) =>
  findPrice(book, { provider: 'openai', models: [name], org: 'acme', at: 0, ...more });

describe('the order of matching', () => {
  const name = 'gpt-4o-mini-2024-07-18';
  const nearestFirst = [
    `openai/${name}`,
    name,
    'openai/gpt-4o-mini',
    'gpt-4o-mini',
    'openai/gpt-4o*',
    'gpt-4o-mini*',
    'gpt-4o-*-2024*',
    'gpt-4*mini*',
    'gpt-4*',
    'gpt-4**',
    '*-mini-*',
    'openai/*',
    '*',
  ];

  test.each(nearestFirst.map((pattern, position) => [position, pattern] as const))(
    '%i: %s goes before all that follow, in any order of the file',
    (position, pattern) => {
      fc.assert(
        fc.property(
          fc.shuffledSubarray(nearestFirst.slice(position), { minLength: nearestFirst.length - position }),
          (patterns) => {
            expect(find(bookOf(patterns.map((one) => entry(one))), name)?.model).toBe(pattern);
          },
        ),
        { numRuns: 20 },
      );
    },
  );

  test('of equal patterns the higher priority goes first', () => {
    const models = [
      entry('gpt-*-2024*', { priority: 1 }),
      entry('gpt-*-mini*', { priority: 2 }),
      entry('gpt-4*-x'),
    ];
    expect(find(bookOf(models), name)?.model).toBe('gpt-*-mini*');
    expect(find(bookOf(models.toReversed()), name)?.model).toBe('gpt-*-mini*');
  });
});

test('a name is never matched by a part of it', () => {
  const book = bookOf([entry('gpt-4'), entry('mini'), entry('o')]);
  expect(find(book, 'gpt-4o')).toBeUndefined();
  expect(find(book, 'gpt-4o-mini')).toBeUndefined();
});

test('a pattern without a slash speaks of names, not of providers', () => {
  expect(find(bookOf([entry('o*')]), 'gpt-4o')).toBeUndefined();
  expect(find(bookOf([entry('o*')]), 'o3-mini')?.model).toBe('o*');
});

test('another provider is another price', () => {
  const book = bookOf([entry('azure/gpt-4o')]);
  expect(find(book, 'gpt-4o', { provider: 'openai' })).toBeUndefined();
  expect(find(book, 'gpt-4o', { provider: 'azure' })?.model).toBe('azure/gpt-4o');
  expect(find(book, 'azure/gpt-4o')?.model).toBe('azure/gpt-4o');
});

test('of globs that are equal otherwise, the one that names the provider goes first', () => {
  const book = bookOf([entry('gpt-4o-m*'), entry('openai/g*')]);
  expect(find(book, 'gpt-4o-mini')?.model).toBe('openai/g*');
});

test('a dated price is of that date only', () => {
  const book = bookOf([entry('gpt-4o-2024-05-13')]);
  expect(find(book, 'gpt-4o')).toBeUndefined();
  expect(find(book, 'gpt-4o-2024-08-06')).toBeUndefined();
});

describe('what goes before what', () => {
  const book = bookOf(
    [entry('gpt-*'), entry('*', { org: 'acme' })],
    catalogue(entry('openai/gpt-4o')),
    catalogue(entry('openai/gpt-4o', { inputPerMillion: '2' }), entry('openai/o3')),
  );

  test('the prices of an organisation go before all others', () => {
    expect(find(book, 'gpt-4o', { org: 'acme' })?.model).toBe('*');
    expect(find(book, 'gpt-4o', { org: 'other' })?.model).toBe('gpt-*');
  });

  test('a catalogue is asked last, and the first one first', () => {
    expect(find(book, 'o3', { org: 'other' })?.model).toBe('openai/o3');
    const catalogues = bookOf(
      [],
      catalogue(entry('gpt-4o', { inputPerMillion: '7' })),
      catalogue(entry('openai/gpt-4o')),
    );
    expect(find(catalogues, 'gpt-4o')?.card.rates.inputText).toBe(7_000_000n);
  });
});

test('a price holds from its beginning to before its end, by the start of the attempt', () => {
  const [begins, ends] = ['2027-01-01T00:00:00Z', '2027-02-01T00:00:00+01:00'];
  const book = bookOf([
    entry('gpt-4o', { from: begins, until: ends, inputPerMillion: '1' }),
    entry('gpt-4o', { from: ends, inputPerMillion: '2' }),
    entry('gpt-*', { inputPerMillion: '3' }),
  ]);
  const inputAt = (at: number) => find(book, 'gpt-4o', { at })?.card.rates.inputText;
  expect(inputAt(Date.parse(begins) - 1)).toBe(3_000_000n);
  expect(inputAt(Date.parse(begins))).toBe(1_000_000n);
  expect(inputAt(Date.parse(ends) - 1)).toBe(1_000_000n);
  expect(inputAt(Date.parse(ends))).toBe(2_000_000n);
});

test('law: it answers the same whatever the order of the file', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '/'), minLength: 1, maxLength: 5 });
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 5 });
  fc.assert(
    fc.property(
      fc
        .uniqueArray(pattern, { maxLength: 8 })
        .chain((patterns) =>
          fc.tuple(fc.constant(patterns), fc.shuffledSubarray(patterns, { minLength: patterns.length })),
        ),
      name,
      fc.constantFrom('a', 'b'),
      ([patterns, shuffled], model, provider) => {
        const [one, other] = [patterns, shuffled].map((list) => bookOf(list.map((text) => entry(text))));
        if (!one || !other) throw new Error('two books');
        expect(find(one, model, { provider })?.model).toBe(find(other, model, { provider })?.model);
      },
    ),
    { numRuns: 500 },
  );
});

test('the id of a price says what it costs, not how it is written or when it holds', () => {
  const idOf = (more: Partial<ModelPriceConfig>) => find(bookOf([entry('gpt-4o', more)]), 'gpt-4o')?.id;
  const id = idOf({ inputPerMillion: '0.3' });
  expect(idOf({ inputPerMillion: '0.30', from: '1970-01-01T00:00:00Z', priority: 3 })).toBe(id);
  expect(idOf({ inputPerMillion: '0.31' })).not.toBe(id);
  expect(idOf({ inputPerMillion: '0.3', outputPerMillion: '0' })).not.toBe(id);
  expect(idOf({ inputPerMillion: '0.3', org: 'acme' })).not.toBe(id);
  expect(idOf({ inputPerMillion: '0.3', tiers: [{ above: 1, bound: 'gt' }] })).not.toBe(id);
});

test('an operator names the price, or else the served model does, or else the one that was asked for', () => {
  const book = bookOf([entry('named'), entry('served'), entry('asked')]);
  const modelOf = (names: Parameters<typeof namesOf>[0]) =>
    findPrice(book, { provider: 'openai', models: namesOf(names), org: 'acme', at: 0 })?.model;
  expect(modelOf({ priceAs: 'named', modelServed: 'served', modelRequested: 'asked' })).toBe('named');
  expect(modelOf({ modelServed: 'served', modelRequested: 'asked' })).toBe('served');
  expect(modelOf({ modelServed: '/models/some.gguf', modelRequested: 'asked' })).toBe('asked');
  expect(modelOf({ modelRequested: 'asked' })).toBe('asked');
  expect(modelOf({ priceAs: 'nmaed', modelServed: 'served', modelRequested: 'asked' })).toBeUndefined();
});

test('a book of another currency, and a price that is too fine, are problems', () => {
  const built = buildPriceBook({
    config: { currency: 'EUR', onMissing: 'allow', models: [entry('a', { inputPerMillion: '0.0000001' })] },
    imported: [catalogue(entry('b'))],
    sha256Hex,
  });
  expect(built.outcome === 'invalid' && built.problems).toEqual([
    'pricing, model "a": inputPerMillion "0.0000001" has more than 6 decimals',
    'catalogue test is in USD, and pricing.currency is EUR',
  ]);
});
