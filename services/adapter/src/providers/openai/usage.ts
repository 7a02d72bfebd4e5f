import type { Usage } from '@weir/contracts';
import { known, readCount, readObject, remainder } from '../count.ts';

/**
 * OpenAI counts inclusively: prompt tokens hold the cached, audio and image ones, completion tokens the reasoning ones.
 * Reads the names of chat completions and those of the Responses API.
 */
export const toOpenaiUsage = (value: unknown): Usage | undefined => {
  const usage = readObject(value);
  const inputTotal = readCount(usage['prompt_tokens']) ?? readCount(usage['input_tokens']);
  const outputTotal = readCount(usage['completion_tokens']) ?? readCount(usage['output_tokens']);
  if (inputTotal === undefined && outputTotal === undefined) return undefined;
  const inputDetails = readObject(usage['prompt_tokens_details'] ?? usage['input_tokens_details']);
  const outputDetails = readObject(usage['completion_tokens_details'] ?? usage['output_tokens_details']);
  const cacheRead = readCount(inputDetails['cached_tokens']);
  const cacheWrite5m = readCount(inputDetails['cache_write_tokens']);
  const inputAudio = readCount(inputDetails['audio_tokens']);
  const inputImage = readCount(inputDetails['image_tokens']);
  const outputReasoning = readCount(outputDetails['reasoning_tokens']);
  const outputAudio = readCount(outputDetails['audio_tokens']);
  return known({
    inputText: remainder(inputTotal, cacheRead, cacheWrite5m, inputAudio, inputImage),
    cacheRead,
    cacheWrite5m,
    inputAudio,
    inputImage,
    outputText: remainder(outputTotal, outputReasoning, outputAudio),
    outputReasoning,
    outputAudio,
    inputTotal,
    outputTotal,
  });
};
