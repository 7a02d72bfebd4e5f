import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLiteralPattern, matchesPattern } from './matches-pattern.ts';

test.each([
  ['gpt-4', 'gpt-4', true],
  ['gpt-4', 'gpt-4o', false],
  ['gpt-4*', 'gpt-4', true],
  ['gpt-4*', 'gpt-4o-mini', true],
  ['*', '', true],
  ['*', 'anything', true],
  ['**', '', true],
  ['', '', true],
  ['', 'x', false],
  ['*-mini', 'gpt-4o-mini', true],
  ['*-mini', 'mini', false],
  ['a*b*c', 'a-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['a*a', 'a', false],
  ['ab*ba', 'aba', false],
  ['*ab*b', 'ab', false],
  ['gpt.4', 'gpt-4', false],
  ['[a]', 'a', false],
])('%j on %j: %j', (pattern, value, expected) => {
  expect(matchesPattern(pattern, value)).toBe(expected);
});

test('a pattern without a star is literal', () => {
  expect(isLiteralPattern('gpt-4')).toBe(true);
  expect(isLiteralPattern('gpt-*')).toBe(false);
});

const fewLetters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 12 });

test('it agrees with the regular expression that means the same', () => {
  const toRegExp = (pattern: string): RegExp =>
    new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^]*')}$`);
  fc.assert(
    fc.property(fewLetters, fewLetters, (pattern, value) => {
      expect(matchesPattern(pattern, value)).toBe(toRegExp(pattern).test(value));
    }),
    { numRuns: 2000 },
  );
});

test('whatever the stars are replaced with, the pattern matches', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 6 }), { minLength: 1 }),
      fc.string({ maxLength: 6 }),
      (parts, filling) => {
        expect(matchesPattern(parts.join('*'), parts.join(filling))).toBe(true);
      },
    ),
  );
});

test('a pattern made to go back and forth takes no time', () => {
  const pattern = `${'a*'.repeat(120)}b`;
  const startedAt = performance.now();
  expect(matchesPattern(pattern, 'a'.repeat(1_000_000))).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(500);
});
