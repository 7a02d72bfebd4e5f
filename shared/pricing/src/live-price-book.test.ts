import type { ImportedBook, PricingConfig } from '@weir/contracts';
import { expect, test } from 'vitest';
import { findPrice } from './find-price.ts';
import { createLivePriceBook } from './live-price-book.ts';

const config: PricingConfig = {
  currency: 'USD',
  onMissing: 'allow',
  models: [{ model: 'own', priority: 0, inputPerMillion: '1', tiers: [], tierMode: 'whole' }],
};

const catalogue = (currency: string): ImportedBook => ({
  v: 1,
  source: 'catalogue',
  currency,
  models: [{ model: 'openai/theirs', priority: 0, inputPerMillion: '2', tiers: [], tierMode: 'whole' }],
  skipped: [],
});

const open = () => {
  const problems: string[] = [];
  const book = createLivePriceBook({
    sha256Hex: (text) => text,
    onProblems: (found) => problems.push(...found),
  });
  const has = (model: string): boolean =>
    book.current !== undefined &&
    findPrice(book.current, { provider: 'openai', models: [model], org: 'acme', at: 0 }) !== undefined;
  return { book, problems, has };
};

test('there is none before there is a configuration', () => {
  const { book } = open();
  book.apply({ imported: [catalogue('USD')] });
  expect(book.current).toBeUndefined();
});

test('configuration and catalogues come in any order, and each change counts', () => {
  const { book, has } = open();
  book.apply({ imported: [catalogue('USD')] });
  book.apply({ config });
  expect([has('own'), has('theirs')]).toEqual([true, true]);
  book.apply({ imported: [] });
  expect([has('own'), has('theirs')]).toEqual([true, false]);
});

test('what contradicts is reported, and the last good prices stay', () => {
  const { book, problems, has } = open();
  book.apply({ config, imported: [catalogue('USD')] });
  book.apply({ imported: [catalogue('EUR')] });
  expect(problems).toHaveLength(1);
  expect(has('theirs')).toBe(true);
});

test('a bad catalogue at the start leaves the prices of the configuration', () => {
  const { book, problems, has } = open();
  book.apply({ config, imported: [catalogue('EUR')] });
  expect(problems).toHaveLength(1);
  expect([has('own'), has('theirs')]).toEqual([true, false]);
});
