import { expect, test } from 'vitest';
import { apis } from './envelope.ts';
import { hasOutput, usesTokens } from './uses-tokens.ts';

test('lists and counts use no tokens, everything else does', () => {
  expect(apis.filter((api) => !usesTokens(api))).toEqual(['openai.models', 'anthropic.count_tokens']);
});

test('vectors, lists and counts are no output', () => {
  expect(apis.filter((api) => !hasOutput(api))).toEqual([
    'openai.embeddings',
    'openai.models',
    'anthropic.count_tokens',
  ]);
});
