import { expect, it } from 'vitest';
import { createDrainLimit } from './drain-limit.ts';
import { UsageDrain } from './usage-drain.ts';

it('takes a place until its end, and has a time of its own', () => {
  const limit = createDrainLimit(1);
  const [one, other] = [new UsageDrain(limit, 100), new UsageDrain(limit, 100)];
  expect([one.begin(1_000), other.begin(1_000)]).toEqual([true, false]);
  expect([one.isOn, other.isOn, limit.size]).toEqual([true, false, 1]);
  expect([one.isOver(1_100), one.isOver(1_101), other.isOver(9_000)]).toEqual([false, true, false]);
  other.end();
  expect(limit.size).toBe(1);
  one.end();
  expect(limit.size).toBe(0);
});
