import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thresholdsCrossed, toPerMille } from './thresholds-crossed.ts';

const thresholds = [500, 800, 1_000, 1_200];
const crossed = (before: bigint, after: bigint, limitUnits = 1_000n) =>
  thresholdsCrossed({ before, after, limitUnits, thresholds });

describe('a counter crosses', () => {
  it.each([
    ['none below the first', 0n, 499n, []],
    ['one that it reaches exactly', 499n, 500n, [500]],
    ['none that it stood on already', 500n, 501n, []],
    ['several at once', 499n, 1_000n, [500, 800, 1_000]],
    ['those beyond the limit, too', 1_000n, 5_000n, [1_200]],
    ['none when nothing was added', 800n, 800n, []],
    ['none on its way down', 1_300n, 0n, []],
  ])('%s', (_what, before, after, expected) => {
    expect(crossed(before, after)).toEqual(expected);
  });

  it('a threshold between two units with the unit above', () => {
    expect(thresholdsCrossed({ before: 1n, after: 2n, limitUnits: 3n, thresholds: [500] })).toEqual([500]);
  });

  it('each threshold once, however the way up is cut into steps', () => {
    const steps = fc.array(fc.bigInt({ min: 0n, max: 400n }), { maxLength: 30 });
    const limits = fc.bigInt({ min: 1n, max: 3_000n });
    fc.assert(
      fc.property(steps, limits, (deltas, limitUnits) => {
        let total = 0n;
        const inSteps = deltas.flatMap((delta) => {
          const before = total;
          total += delta;
          return crossed(before, total, limitUnits);
        });
        expect(inSteps).toEqual(crossed(0n, total, limitUnits));
      }),
    );
  });
});

it('a fraction is a whole per mille, and never none', () => {
  expect([0.8, 1, 0.999, 1.2, 0.0001].map(toPerMille)).toEqual([800, 1_000, 999, 1_200, 1]);
});
