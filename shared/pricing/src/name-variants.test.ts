import { expect, test } from 'vitest';
import { nameVariants } from './name-variants.ts';

test.each([
  ['gpt-4o', []],
  ['gpt-4o-2024-08-06', ['gpt-4o']],
  ['claude-sonnet-4-5-20250929', ['claude-sonnet-4-5']],
  [
    'eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
    [
      'eu.anthropic.claude-sonnet-4-5-20250929',
      'eu.anthropic.claude-sonnet-4-5',
      'anthropic.claude-sonnet-4-5-20250929-v1:0',
      'anthropic.claude-sonnet-4-5-20250929',
      'anthropic.claude-sonnet-4-5',
    ],
  ],
  ['gpt-4-0613', []],
  ['o1-preview', []],
  ['us.model', []],
])('%s may also be listed as %j', (name, variants) => {
  expect(nameVariants(name)).toEqual(variants);
});
