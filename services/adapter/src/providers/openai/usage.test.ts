import type { Usage } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toOpenaiUsage } from './usage.ts';

describe('OpenAI counts inclusively, lanes are disjoint', () => {
  it.each<[string, object, Usage]>([
    [
      'a chat completion',
      { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 },
      { inputText: 10, outputText: 4, inputTotal: 10, outputTotal: 4 },
    ],
    [
      'cached, audio and reasoning tokens',
      {
        prompt_tokens: 100,
        completion_tokens: 50,
        prompt_tokens_details: { cached_tokens: 60, audio_tokens: 15 },
        completion_tokens_details: { reasoning_tokens: 30, audio_tokens: 5 },
      },
      {
        inputText: 25,
        cacheRead: 60,
        inputAudio: 15,
        outputText: 15,
        outputReasoning: 30,
        outputAudio: 5,
        inputTotal: 100,
        outputTotal: 50,
      },
    ],
    [
      'image tokens, some servers say how many are text',
      {
        prompt_tokens: 1_000,
        completion_tokens: 1,
        prompt_tokens_details: { text_tokens: 244, image_tokens: 756, audio_tokens: 0, cached_tokens: 0 },
      },
      {
        inputText: 244,
        cacheRead: 0,
        inputAudio: 0,
        inputImage: 756,
        outputText: 1,
        inputTotal: 1_000,
        outputTotal: 1,
      },
    ],
    [
      'the Responses API',
      {
        input_tokens: 20,
        input_tokens_details: { cached_tokens: 5 },
        output_tokens: 9,
        output_tokens_details: { reasoning_tokens: 4 },
      },
      { inputText: 15, cacheRead: 5, outputText: 5, outputReasoning: 4, inputTotal: 20, outputTotal: 9 },
    ],
    [
      'embeddings, which have no output',
      { prompt_tokens: 8, total_tokens: 8 },
      { inputText: 8, inputTotal: 8 },
    ],
    [
      'details that are null',
      { prompt_tokens: 1, completion_tokens: 0, prompt_tokens_details: null },
      { inputText: 1, outputText: 0, inputTotal: 1, outputTotal: 0 },
    ],
  ])('%s', (_what, reported, usage) => {
    expect(toOpenaiUsage(reported)).toEqual(usage);
  });
});

it.each([undefined, null, 'many', 7, [], {}, { prompt_tokens: null }, { prompt_tokens: '7' }])(
  'what says nothing is unknown, not zero: %j',
  (value) => expect(toOpenaiUsage(value)).toBeUndefined(),
);

it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, '3', true])(
  'a count that is none (%j) is left out',
  (value) =>
    expect(toOpenaiUsage({ prompt_tokens: value, completion_tokens: 2 })).toEqual({
      outputText: 2,
      outputTotal: 2,
    }),
);

it('the lanes add up to the totals, whenever the parts fit into them; no lane is ever negative', () => {
  const count = fc.option(fc.nat(1_000), { nil: undefined });
  fc.assert(
    fc.property(
      count,
      count,
      count,
      count,
      count,
      count,
      (prompt, cached, audio, completion, reasoning, spoken) => {
        const usage = toOpenaiUsage({
          prompt_tokens: prompt,
          completion_tokens: completion,
          prompt_tokens_details: { cached_tokens: cached, audio_tokens: audio },
          completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: spoken },
        });
        for (const lane of Object.values(usage ?? {})) expect(lane).toBeGreaterThanOrEqual(0);
        const { inputText = 0, cacheRead = 0, inputAudio = 0, inputTotal } = usage ?? {};
        const { outputText = 0, outputReasoning = 0, outputAudio = 0, outputTotal } = usage ?? {};
        if (inputTotal !== undefined && cacheRead + inputAudio <= inputTotal) {
          expect(inputText + cacheRead + inputAudio).toBe(inputTotal);
        }
        if (outputTotal !== undefined && outputReasoning + outputAudio <= outputTotal) {
          expect(outputText + outputReasoning + outputAudio).toBe(outputTotal);
        }
      },
    ),
  );
});
