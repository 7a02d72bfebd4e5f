import { expect, it } from 'vitest';
import { createDrainLimit } from './drain-limit.ts';

it('so many answers are drained at a time, and another when one of them is over', () => {
  const drains = createDrainLimit(2);
  expect([drains.begin(), drains.begin(), drains.begin()]).toEqual([true, true, false]);
  drains.end();
  expect([drains.size, drains.begin(), drains.begin(), drains.size]).toEqual([1, true, false, 2]);
});
