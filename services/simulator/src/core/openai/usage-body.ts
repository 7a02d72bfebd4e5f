import type { ReportedUsage } from '../exchange.ts';

/** `usage` of chat and completions. */
export const toOpenAiUsage = (usage: ReportedUsage) =>
  usage === undefined
    ? undefined
    : {
        prompt_tokens: usage.promptTokens,
        completion_tokens: usage.completionTokens,
        total_tokens: usage.promptTokens + usage.completionTokens,
        prompt_tokens_details: { cached_tokens: usage.cachedTokens, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
      };
