import type { Features } from '@weir/contracts';
import { expect, it } from 'vitest';
import { estimateTokens } from './estimate-tokens.ts';

const features: Features = { chars: 401, messages: 1, tools: 0, inputTokens: 90, words: 74 };
const { words: _words, ...withoutWords } = features;
const { inputTokens: _tokens, ...bare } = withoutWords;

it.each([
  ['the count of the ingress', features, 'tiktoken', 90],
  ['a quarter of the characters', features, 'chars', 101],
  ['four thirds of the words', features, 'words', 99],
  ['the count of the ingress where it counted no words', withoutWords, 'words', 90],
  ['a quarter of the characters where nothing was counted', bare, 'tiktoken', 101],
  ['nothing for an empty request', { ...bare, chars: 0 }, 'words', 0],
] as const)('estimates by %s', (_what, given, method, expected) => {
  expect(estimateTokens(given, method)).toBe(expected);
});

it('takes no tokens for what they are: none', () => {
  expect(estimateTokens({ ...features, inputTokens: 0 }, 'tiktoken')).toBe(0);
  expect(estimateTokens({ ...features, words: 0 }, 'words')).toBe(0);
});
