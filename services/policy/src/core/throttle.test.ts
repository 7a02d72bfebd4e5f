import { expect, test } from 'vitest';
import { createThrottle } from './throttle.ts';

test('lets one through in each interval', () => {
  const isDue = createThrottle(1_000);
  expect([0, 1, 999, 1_000, 1_001, 2_500].map(isDue)).toEqual([true, false, false, true, false, true]);
});
