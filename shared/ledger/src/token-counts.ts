import type { Usage } from '@weir/contracts';

/** Tokens of one attempt. An absent number is unknown. */
export interface TokenCounts {
  readonly input: number | undefined;
  readonly output: number | undefined;
}

const sumOfKnown = (lanes: readonly (number | undefined)[]): number | undefined => {
  const known = lanes.filter((lane) => lane !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, lane) => sum + lane, 0);
};

/** The totals, or what the lanes add up to when there is no total: they are disjoint. */
export const countTokens = (usage: Usage): TokenCounts => ({
  input:
    usage.inputTotal ??
    sumOfKnown([
      usage.inputText,
      usage.cacheRead,
      usage.cacheWrite5m,
      usage.cacheWrite1h,
      usage.inputAudio,
      usage.inputImage,
    ]),
  output: usage.outputTotal ?? sumOfKnown([usage.outputText, usage.outputReasoning, usage.outputAudio]),
});
