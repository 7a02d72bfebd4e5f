import { expect, test } from 'vitest';
import { DrainRate } from './drain-rate.ts';

test('says a second while nothing was served', () => {
  expect(new DrainRate().waitMs(1_000, 5_000)).toBe(1_000);
});

test('says how long so many will take at the pace of the last seconds', () => {
  const rate = new DrainRate();
  for (let at = 0; at <= 4_000; at += 100) rate.note(at);
  // About ten a second.
  expect(rate.waitMs(100, 4_000)).toBeGreaterThan(9_000);
  expect(rate.waitMs(100, 4_000)).toBeLessThan(10_500);
});

test('stays between a second and a minute', () => {
  const rate = new DrainRate();
  for (let at = 0; at <= 4_000; at += 100) rate.note(at);
  expect([rate.waitMs(1, 4_000), rate.waitMs(1_000_000, 4_000)]).toEqual([1_000, 60_000]);
});

test('forgets a pace that is long over', () => {
  const rate = new DrainRate();
  rate.note(0);
  rate.note(4_000);
  expect(rate.waitMs(5, 9_000)).toBe(25_000);
  expect(rate.waitMs(5, 9_001)).toBe(1_000);
});
