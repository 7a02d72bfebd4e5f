import { expect, test } from 'vitest';
import { renderProblem } from './config-problem.ts';
import type { ImportedBook } from './imported-book.ts';
import { readImportedBook } from './read-imported-book.ts';

const book: ImportedBook = {
  v: 1,
  source: 'litellm',
  currency: 'USD',
  models: [
    {
      model: 'openai/gpt-4o',
      priority: 0,
      inputPerMillion: '2.5',
      tiers: [{ above: 200_000, bound: 'gt', inputPerMillion: '5' }],
      tierMode: 'whole',
      serviceTiers: { batch: { inputPerMillion: '1.25', tiers: [] } },
      maxOutputTokens: 16_384,
    },
  ],
  skipped: [{ entry: 'dall-e-2', reason: 'no price per token' }],
};

test('a book is read as it is', () => {
  expect(readImportedBook(book)).toEqual({ outcome: 'valid', book });
});

test('all that is wrong with a book is said', () => {
  const [price] = book.models;
  const read = readImportedBook({
    ...book,
    currency: 'dollars',
    models: [price, price, { ...price, model: 'gpt-*', inputPerMillion: '-1' }],
  });
  expect(read.outcome === 'invalid' && read.problems.map(renderProblem)).toEqual([
    'currency: found "dollars", expected a currency such as USD',
    'models[2].model: found "gpt-*", expected a name: a catalogue has no patterns',
    'models[2].inputPerMillion: found "-1", expected a decimal number such as 0.25',
    expect.stringContaining('models[1].model: found "openai/gpt-4o", expected one price at a time'),
  ]);
});

test.each([[undefined], [null], [[]], ['text'], [{ models: 1 }]])('%j is no book', (value) => {
  expect(readImportedBook(value).outcome).toBe('invalid');
});
