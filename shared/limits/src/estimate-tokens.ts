import type { EstimateMethod, Features } from '@weir/contracts';

/** A guess for English prose: https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them */
const charsPerToken = 4;
const tokensPerWord = 4 / 3;

const fromChars = (features: Features): number => Math.ceil(features.chars / charsPerToken);

/** Input tokens of a request. What the ingress did not count (its configuration may be older) is guessed from the rest. */
export const estimateTokens = (features: Features, method: EstimateMethod): number => {
  if (method === 'chars') return fromChars(features);
  if (method === 'words' && features.words !== undefined) return Math.ceil(features.words * tokensPerWord);
  return features.inputTokens ?? fromChars(features);
};
