import { readImportedBook } from '@weir/contracts';
import { expect, test } from 'vitest';
import { importModelsDev } from './import-models-dev.ts';

const book = importModelsDev({
  openai: {
    id: 'openai',
    models: {
      'gpt-5.5': {
        id: 'gpt-5.5',
        cost: {
          input: 5,
          output: 30,
          cache_read: 0.5,
          tiers: [{ input: 10, output: 45, cache_read: 1, tier: { type: 'context', size: 272_000 } }],
          context_over_200k: { input: 10, output: 45, cache_read: 1 },
        },
        limit: { context: 400_000, output: 128_000 },
      },
      'gpt-oss': { id: 'gpt-oss' },
      'gpt-moon': { cost: { input: 1, tiers: [{ input: 1, tier: { type: 'moon', size: 1 } }] } },
    },
  },
  google: {
    models: {
      'gemini-3': {
        cost: {
          input: 0.3,
          output: 2.5,
          reasoning: 3.5,
          input_audio: 1,
          output_audio: 0,
          cache_write: 0.383,
          per_image: 3,
          context_over_200k: { input: 0.6, output: 5 },
        },
      },
      'too-fine': { cost: { input: 0.1 + 0.2, output: 1 } },
    },
  },
  broken: { models: null },
});

test('prices are per million already, tiers go before the price over 200k', () => {
  expect(book.models).toEqual([
    {
      model: 'google/gemini-3',
      priority: 0,
      inputPerMillion: '0.3',
      outputPerMillion: '2.5',
      reasoningPerMillion: '3.5',
      inputAudioPerMillion: '1',
      outputAudioPerMillion: '0',
      cacheWritePerMillion: '0.383',
      tiers: [{ above: 200_000, bound: 'gt', inputPerMillion: '0.6', outputPerMillion: '5' }],
      tierMode: 'whole',
    },
    {
      model: 'openai/gpt-5.5',
      priority: 0,
      inputPerMillion: '5',
      outputPerMillion: '30',
      cacheReadPerMillion: '0.5',
      tiers: [
        {
          above: 272_000,
          bound: 'gt',
          inputPerMillion: '10',
          outputPerMillion: '45',
          cacheReadPerMillion: '1',
        },
      ],
      tierMode: 'whole',
      maxOutputTokens: 128_000,
    },
  ]);
});

test('what is not taken over is listed, with the reason, and a price never without a part of it', () => {
  expect(book.skipped).toEqual([
    { entry: 'google/gemini-3', field: 'cost.per_image', reason: 'no price that is known here' },
    {
      entry: 'google/too-fine',
      field: 'cost.input',
      reason: 'no price per token: 0.30000000000000004',
    },
    {
      entry: 'openai/gpt-moon',
      field: 'tiers[0]',
      reason: 'no tier by the size of the prompt: {"type":"moon","size":1}',
    },
    { entry: 'openai/gpt-oss', reason: 'no price per token' },
  ]);
});

test('the book is what may be stored', () => {
  expect(readImportedBook(JSON.parse(JSON.stringify(book)))).toEqual({ outcome: 'valid', book });
});

test.each([[undefined], [null], [[]], ['text'], [{ openai: 1 }]])('%j has no price', (json) => {
  expect(importModelsDev(json).models).toEqual([]);
});
