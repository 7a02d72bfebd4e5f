import { expect, test } from 'vitest';
import { apis } from './envelope.ts';
import { usesTokens } from './uses-tokens.ts';

test('lists and counts use no tokens, everything else does', () => {
  expect(apis.filter((api) => !usesTokens(api))).toEqual(['openai.models', 'anthropic.count_tokens']);
});
