import { expect, it } from 'vitest';
import { toAnthropicUsage } from '../providers/anthropic/usage.ts';
import { toOpenaiUsage } from '../providers/openai/usage.ts';
import { settleUsage } from './settle-usage.ts';

const zeros = { inputText: 0, inputTotal: 0, outputText: 0, outputTotal: 0 };

it.each([
  ['OpenAI', toOpenaiUsage({ prompt_tokens: 0, completion_tokens: 0 })],
  ['Anthropic', toAnthropicUsage({ input_tokens: 0, output_tokens: 0 }, undefined)],
])('a zero that %s reports stays zero, whatever was estimated and seen (complaint 18)', (_api, usage) => {
  const report = {
    usage,
    final: true,
    modelServed: undefined,
    serviceTier: undefined,
    contentEvents: 50,
    contentChars: 200,
  };
  const settled = settleUsage({
    report,
    served: true,
    estimatedInput: 800,
    outputCap: undefined,
    usesTokens: true,
  });
  expect(settled).toMatchObject({
    usage: zeros,
    quality: 'reported',
    revision: 1,
  });
});
