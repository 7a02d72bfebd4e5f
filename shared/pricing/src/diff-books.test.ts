import type { ImportedBook } from '@weir/contracts';
import { expect, test } from 'vitest';
import { diffBooks } from './diff-books.ts';
import { importLiteLlm } from './import-litellm.ts';

const openai = { litellm_provider: 'openai' };

const before: ImportedBook = importLiteLlm({
  kept: { ...openai, input_cost_per_token: 1e-6 },
  gone: { ...openai, input_cost_per_token: 1e-6 },
  changed: {
    ...openai,
    input_cost_per_token: 1e-6,
    output_cost_per_token: 2e-6,
    input_cost_per_token_above_200k_tokens: 2e-6,
    input_cost_per_token_flex: 5e-7,
  },
});
const after: ImportedBook = importLiteLlm({
  changed: {
    ...openai,
    input_cost_per_token: 1.1e-6,
    cache_read_input_token_cost: 1e-7,
    input_cost_per_token_above_128k_tokens: 2e-6,
    input_cost_per_token_above_200k_tokens: 3e-6,
    input_cost_per_token_flex: 6e-7,
  },
  fresh: { ...openai, input_cost_per_token: 1e-6 },
  kept: { ...openai, input_cost_per_token: 1e-6 },
});

test('what came, what went and what costs something else; tiers by their threshold', () => {
  const model = 'openai/changed';
  expect(diffBooks(before, after)).toEqual({
    added: ['openai/fresh'],
    removed: ['openai/gone'],
    changed: [
      { model, field: 'cacheReadPerMillion', after: '0.1' },
      { model, field: 'inputPerMillion', before: '1', after: '1.1' },
      { model, field: 'outputPerMillion', before: '2' },
      { model, field: 'serviceTiers.flex.inputPerMillion', before: '0.5', after: '0.6' },
      { model, field: 'tiers.128000.bound', after: 'gt' },
      { model, field: 'tiers.128000.inputPerMillion', after: '2' },
      { model, field: 'tiers.200000.inputPerMillion', before: '2', after: '3' },
    ],
  });
});

test('a book does not differ from itself', () => {
  expect(diffBooks(before, before)).toEqual({ added: [], removed: [], changed: [] });
});
