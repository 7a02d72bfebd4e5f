import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeGrowth } from './judge-growth.ts';

const ramp = (count: number, step: number): number[] =>
  Array.from({ length: count }, (_, index) => 100 + index * step);

test('what fills up in the first third and then stays is flat', () => {
  expect(judgeGrowth([10, 50, 90, 100, 101, 100, 100, 99, 102])).toMatchObject({
    outcome: 'flat',
    growth: 0,
  });
});

test('a leak grows through the last third', () => {
  expect(judgeGrowth(ramp(30, 2)).outcome).toBe('grows');
});

test('one sample that is off does not decide', () => {
  expect(judgeGrowth([100, 100, 100, 100, 100, 100, 100, 500, 100]).outcome).toBe('flat');
});

test('growth of a twentieth is flat, and more is not', () => {
  const values = (last: number) => [...Array.from({ length: 6 }, () => 1000), last, last, last];
  expect(judgeGrowth(values(1050)).outcome).toBe('flat');
  expect(judgeGrowth(values(1051)).outcome).toBe('grows');
});

test('few samples say nothing', () => {
  expect(judgeGrowth(ramp(8, 0))).toEqual({ outcome: 'too_few_samples' });
});

test('the unit does not matter', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 9, maxLength: 40 }),
      (values) => {
        expect(judgeGrowth(values.map((value) => value * 1024)).outcome).toBe(judgeGrowth(values).outcome);
      },
    ),
  );
});
