import type { Usage } from '@weir/contracts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toOpenaiUsage } from '../providers/openai/usage.ts';
import { fitLanes } from './fit-lanes.ts';

it.each<[string, Usage, Usage, readonly string[]]>([
  [
    'more cached tokens than the prompt has',
    { inputText: 0, cacheRead: 120, inputTotal: 100, outputText: 5, outputTotal: 5 },
    { inputText: 0, cacheRead: 100, inputTotal: 100, outputText: 5, outputTotal: 5 },
    ['input'],
  ],
  [
    'images that are cached, and counted as both',
    { inputText: 0, cacheRead: 80, inputImage: 50, inputTotal: 100 },
    { inputText: 0, cacheRead: 80, inputImage: 20, inputTotal: 100 },
    ['input'],
  ],
  [
    'more reasoning than output',
    { inputTotal: 1, outputText: 0, outputReasoning: 9, outputAudio: 1, outputTotal: 7 },
    { inputTotal: 1, outputText: 0, outputReasoning: 7, outputAudio: 0, outputTotal: 7 },
    ['output'],
  ],
])('a total holds against %s', (_what, reported, usage, anomalies) => {
  expect(fitLanes(reported)).toEqual({ usage, anomalies });
});

it('what fits, and what has no total, stays as it is', () => {
  const fits = { inputText: 1, cacheRead: 99, inputTotal: 100, outputReasoning: 7, outputTotal: 7 };
  expect(fitLanes(fits)).toEqual({ usage: fits, anomalies: [] });
  const open = { cacheRead: 5, outputReasoning: 7 };
  expect(fitLanes(open)).toEqual({ usage: open, anomalies: [] });
});

it('law: the lanes add up to the total, whatever a provider says; fitted twice, the same as once', () => {
  const count = fc.nat(1_000);
  const details = fc.record(
    { cached_tokens: count, audio_tokens: count, image_tokens: count, cache_write_tokens: count },
    { requiredKeys: [] },
  );
  const spoken = fc.record({ reasoning_tokens: count, audio_tokens: count }, { requiredKeys: [] });
  fc.assert(
    fc.property(count, count, details, spoken, (prompt, completion, input, output) => {
      const reported = toOpenaiUsage({
        prompt_tokens: prompt,
        completion_tokens: completion,
        prompt_tokens_details: input,
        completion_tokens_details: output,
      });
      const { usage } = fitLanes(reported ?? {});
      const { inputText = 0, cacheRead = 0, cacheWrite5m = 0, inputAudio = 0, inputImage = 0 } = usage;
      expect(inputText + cacheRead + cacheWrite5m + inputAudio + inputImage).toBe(prompt);
      const { outputText = 0, outputReasoning = 0, outputAudio = 0 } = usage;
      expect(outputText + outputReasoning + outputAudio).toBe(completion);
      expect(Math.min(...Object.values(usage))).toBeGreaterThanOrEqual(0);
      expect(fitLanes(usage)).toEqual({ usage, anomalies: [] });
    }),
  );
});
