import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

const retry = { backoffMs: 50, maxBackoffMs: 150 };

test.each([
  [2, 0, 25],
  [2, 0.5, 37.5],
  [3, 0, 50],
  [4, 0, 75],
  [9, 0, 75],
])('attempt %i with a draw of %f waits %f ms', (number, draw, expected) => {
  expect(backoffMs({ retry, number, leftMs: 60_000, random: () => draw })).toBe(expected);
});

test('law: never longer than the longest pause, nor than half of what is left', () => {
  const draws = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(1_000), draws, (number, leftMs, draw) => {
      const pauseMs = backoffMs({ retry, number, leftMs, random: () => draw });
      expect(pauseMs).toBeGreaterThanOrEqual(0);
      expect(pauseMs).toBeLessThanOrEqual(Math.min(retry.maxBackoffMs, leftMs / 2));
    }),
  );
});
