import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRetryAfter, retryPause } from './retry-pause.ts';

describe('the pause before the next try', () => {
  test('doubles up to the longest', () => {
    const pauses = [1, 2, 3, 4, 5].map((failures) =>
      retryPause({ failures, maxPauseMs: 3_000, retryAfterMs: undefined, random: 1 }),
    );
    expect(pauses).toEqual([500, 1_000, 2_000, 3_000, 3_000]);
  });

  test('is at least half of that, never more, and never less than the sink asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 86_400_000 }),
        fc.option(fc.integer({ min: 0, max: 3_600_000 }), { nil: undefined }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, maxPauseMs, retryAfterMs, random) => {
          const pauseMs = retryPause({ failures, maxPauseMs, retryAfterMs, random });
          const asked = retryAfterMs ?? 0;
          expect(pauseMs).toBeGreaterThanOrEqual(asked);
          expect(pauseMs).toBeLessThanOrEqual(Math.max(maxPauseMs, asked));
          expect(pauseMs).toBeGreaterThanOrEqual(Math.min(500, maxPauseMs) / 2);
        },
      ),
    );
  });
});

test.each([
  ['120', 120_000],
  ['0', 0],
  ['0.5', 500],
  ['Fri, 20 Nov 2026 00:01:00 GMT', 60_000],
  ['Thu, 19 Nov 2026 00:00:00 GMT', 0],
  ['999999999', 3_600_000],
  ['soon', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After: %s', (header, expected) => {
  expect(parseRetryAfter(header, Date.UTC(2026, 10, 20))).toBe(expected);
});
