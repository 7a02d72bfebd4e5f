import { expect, test } from 'vitest';
import { slowStartFactor } from './slow-start.ts';

test.each<[string, Parameters<typeof slowStartFactor>, number]>([
  ['what was there before us costs what it costs', [undefined, 0, 10_000], 1],
  ['what is new costs twice as much', [5_000, 5_000, 10_000], 2],
  ['less after a while', [5_000, 15_000, 10_000], 1 + 1 / Math.E],
  ['and nothing more in the end', [0, 1_000_000, 10_000], 1],
  ['nor where it is switched off', [5_000, 5_000, 0], 1],
  ['a clock that was set back makes it no more than new', [5_000, 0, 10_000], 2],
])('%s', (_what, input, expected) => {
  expect(slowStartFactor(...input)).toBeCloseTo(expected, 9);
});
