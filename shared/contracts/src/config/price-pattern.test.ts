import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesPattern } from './matches-pattern.ts';
import { comparePatternRanks, patternsMeet, rankPattern } from './price-pattern.ts';

test('the order of patterns, whatever order they come in', () => {
  const inOrder = [
    'openai/gpt-4o-mini',
    'gpt-4o-mini',
    'gpt-4o-*-2024*',
    'gpt-4o-*',
    'gpt-4*mini',
    'gpt-4*',
    'gpt-4**',
    'gpt-*',
    '*-mini',
    'anthropic/*',
    'openai/*',
    '*',
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(inOrder, { minLength: inOrder.length }), (shuffled) => {
      const sorted = shuffled.toSorted(
        (left, right) =>
          comparePatternRanks(rankPattern(left), rankPattern(right)) || (left < right ? -1 : 1),
      );
      expect(sorted).toEqual(inOrder);
    }),
  );
});

test.each([
  ['gpt-*-mini*', 'gpt-*-2024*', true],
  ['gpt-*-mini', 'gpt-*-nano', false],
  ['a*', '*b', true],
  ['a*a', 'aa', true],
  ['a*a', 'a', false],
  ['*', '', true],
  ['**', '*', true],
])('%j and %j: %j', (left, right, expected) => {
  expect(patternsMeet(left, right)).toBe(expected);
  expect(patternsMeet(right, left)).toBe(expected);
});

test('law: two patterns meet if and only if some text fits both', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 4 });
  // A text that fits both needs no more characters than both have together.
  const texts = [''];
  for (let rest = [''], length = 0; length < 8; length += 1) {
    rest = rest.flatMap((text) => [`${text}a`, `${text}b`]);
    texts.push(...rest);
  }
  fc.assert(
    fc.property(pattern, pattern, (left, right) => {
      const some = texts.some((text) => matchesPattern(left, text) && matchesPattern(right, text));
      expect(patternsMeet(left, right)).toBe(some);
    }),
    { numRuns: 500 },
  );
});
