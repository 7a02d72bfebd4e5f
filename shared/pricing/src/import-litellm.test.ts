import { readImportedBook } from '@weir/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toPicoPerToken } from './decimal.ts';
import { importLiteLlm } from './import-litellm.ts';
import { buildPriceBook } from './price-book.ts';
import { rateUsage } from './rate-usage.ts';

const catalogue = {
  sample_spec: { litellm_provider: 'one of …', input_cost_per_token: 0 },
  'claude-sonnet-4-5': {
    cache_creation_input_token_cost: 3.75e-6,
    cache_creation_input_token_cost_above_1hr: 6e-6,
    cache_creation_input_token_cost_above_1hr_above_200k_tokens: 1.2e-5,
    cache_creation_input_token_cost_above_200k_tokens: 7.5e-6,
    cache_read_input_token_cost: 3e-7,
    cache_read_input_token_cost_above_200k_tokens: 6e-7,
    input_cost_per_token: 3e-6,
    input_cost_per_token_above_200k_tokens: 6e-6,
    litellm_provider: 'anthropic',
    max_output_tokens: 64_000,
    output_cost_per_token: 1.5e-5,
    output_cost_per_token_above_200k_tokens: 2.25e-5,
    output_cost_per_token_above_128k_tokens: null,
    search_context_cost_per_query: { search_context_size_low: 0.01 },
    supports_vision: true,
  },
  'gpt-5.4': {
    input_cost_per_token: 2.5e-6,
    input_cost_per_token_above_272k_tokens: 5e-6,
    input_cost_per_token_batches: 1.25e-6,
    input_cost_per_token_priority: 5e-6,
    output_cost_per_token: 1.5e-5,
    output_cost_per_token_above_272k_tokens: 2.25e-5,
    output_cost_per_token_batches: 7.5e-6,
    output_cost_per_token_priority: 3e-5,
    litellm_provider: 'openai',
  },
  'azure/gpt-4o-audio': {
    input_cost_per_token: 2.8e-9,
    input_cost_per_audio_token: 4e-5,
    output_cost_per_audio_token: '8e-5',
    output_cost_per_reasoning_token: 0,
    litellm_provider: 'azure',
  },
  'xai/grok-4': {
    input_cost_per_token: 3e-6,
    input_cost_per_token_above_128k_tokens: 6e-6,
    litellm_provider: 'xai',
  },
  'dashscope/qwen-flash': {
    litellm_provider: 'dashscope',
    tiered_pricing: [
      { range: [256_000, 1_000_000], input_cost_per_token: 2.5e-7, output_cost_per_token: 2e-6 },
      { range: [0, 256_000], input_cost_per_token: 5e-8, output_cost_per_token: 4e-7 },
    ],
  },
  'dall-e-2': { litellm_provider: 'openai', input_cost_per_pixel: 1.9e-8 },
  unnamed: { input_cost_per_token: 1e-6 },
  'too-fine': { litellm_provider: 'openai', input_cost_per_token: 1.25e-13, output_cost_per_token: 1e-6 },
  'gpt-*': { litellm_provider: 'openai', input_cost_per_token: 1e-6 },
  'openai/gpt-5.4': { litellm_provider: 'openai', input_cost_per_token: 1e-6 },
};

const book = importLiteLlm(catalogue);
const priceOf = (model: string) => book.models.find((price) => price.model === model);

test('prices per token become prices per million, long prompts tiers, and the provider stands in front', () => {
  expect(priceOf('anthropic/claude-sonnet-4-5')).toEqual({
    model: 'anthropic/claude-sonnet-4-5',
    priority: 0,
    inputPerMillion: '3',
    outputPerMillion: '15',
    cacheReadPerMillion: '0.3',
    cacheWritePerMillion: '3.75',
    cacheWrite1hPerMillion: '6',
    tiers: [
      {
        above: 200_000,
        bound: 'gt',
        inputPerMillion: '6',
        outputPerMillion: '22.5',
        cacheReadPerMillion: '0.6',
        cacheWritePerMillion: '7.5',
        cacheWrite1hPerMillion: '12',
      },
    ],
    tierMode: 'whole',
    maxOutputTokens: 64_000,
  });
});

test('service tiers are kept beside the price', () => {
  expect(priceOf('openai/gpt-5.4')?.serviceTiers).toEqual({
    batch: { inputPerMillion: '1.25', outputPerMillion: '7.5', tiers: [] },
    priority: { inputPerMillion: '5', outputPerMillion: '30', tiers: [] },
  });
});

test('a price is exact, a text is a number too, and a zero is a price', () => {
  expect(priceOf('azure/gpt-4o-audio')).toEqual({
    model: 'azure/gpt-4o-audio',
    priority: 0,
    inputPerMillion: '0.0028',
    inputAudioPerMillion: '40',
    outputAudioPerMillion: '80',
    reasoningPerMillion: '0',
    tiers: [],
    tierMode: 'whole',
  });
});

test('thresholds of xAI are inclusive', () => {
  expect(priceOf('xai/grok-4')?.tiers).toEqual([{ above: 128_000, bound: 'gte', inputPerMillion: '6' }]);
});

test('ranges of the prompt become tiers, in any order', () => {
  expect(priceOf('dashscope/qwen-flash')).toMatchObject({
    inputPerMillion: '0.05',
    outputPerMillion: '0.4',
    tiers: [{ above: 256_000, bound: 'gt', inputPerMillion: '0.25', outputPerMillion: '2' }],
  });
});

test('what is not taken over is listed, with the reason', () => {
  const unknown = 'no price of a token that is known here';
  expect(book.skipped).toEqual([
    {
      entry: 'claude-sonnet-4-5',
      field: 'search_context_cost_per_query',
      reason: unknown,
    },
    { entry: 'dall-e-2', reason: 'no price per token' },
    { entry: 'dall-e-2', field: 'input_cost_per_pixel', reason: unknown },
    { entry: 'gpt-*', reason: 'the name has a star' },
    { entry: 'openai/gpt-5.4', reason: 'gpt-5.4 is openai/gpt-5.4 already' },
    { entry: 'sample_spec', reason: 'an example' },
    {
      entry: 'too-fine',
      field: 'input_cost_per_token',
      reason: 'no whole number of pico-USD per token: 1.25e-13',
    },
    { entry: 'unnamed', reason: 'no litellm_provider' },
  ]);
});

test('a price is never taken over without a part of it that cannot be read', () => {
  expect(priceOf('openai/too-fine')).toBeUndefined();
});

test('the book is what may be stored, through JSON and back', () => {
  const stored: unknown = JSON.parse(JSON.stringify(book));
  expect(readImportedBook(stored)).toEqual({ outcome: 'valid', book });
});

test.each([[undefined], [null], [[]], ['text'], [{ model: null }], [{ model: { litellm_provider: 1 } }]])(
  '%j has no price',
  (json) => {
    expect(importLiteLlm(json).models).toEqual([]);
  },
);

test('law: every price of the catalogue comes back as the number that stood there', () => {
  const perToken = fc.nat(10_000_000).map((pico) => Number(`${pico}e-12`));
  fc.assert(
    fc.property(perToken, perToken, (input, long) => {
      const [imported] = importLiteLlm({
        m: {
          litellm_provider: 'openai',
          input_cost_per_token: input,
          input_cost_per_token_above_200k_tokens: long,
        },
      }).models;
      const backOf = (text: string | undefined): number => Number(`${toPicoPerToken(text ?? '')}e-12`);
      expect(backOf(imported?.inputPerMillion)).toBe(input);
      expect(backOf(imported?.tiers[0]?.inputPerMillion)).toBe(long);
    }),
  );
});

test('an answer of a service tier has its price; a long one without a price of its own the dearer of the two', () => {
  const built = buildPriceBook({
    config: { currency: 'USD', onMissing: 'allow', models: [] },
    imported: [book],
    sha256Hex: (text) => text,
  });
  if (built.outcome === 'invalid') throw new Error('the book is valid');
  const lanesOf = (serviceTier: string, inputTotal: number) =>
    rateUsage(built.book, {
      provider: 'openai',
      modelRequested: 'gpt-5.4-2026-03-05',
      org: 'acme',
      startedAt: 0,
      usage: { inputTotal, outputTotal: 2 },
      quality: 'reported',
      outcome: 'completed',
      serviceTier,
    }).lanesNano;
  const long = 272_001;
  expect(lanesOf('default', 2)).toEqual({ inputText: '5000', outputText: '30000' });
  expect(lanesOf('batch', 2)).toEqual({ inputText: '2500', outputText: '15000' });
  expect(lanesOf('fast', 2)).toEqual({ inputText: '10000', outputText: '60000' });
  expect(lanesOf('batch', long)).toEqual({ inputText: String(long * 5_000), outputText: '45000' });
  expect(lanesOf('priority', long)).toEqual({ inputText: String(long * 5_000), outputText: '60000' });
});
