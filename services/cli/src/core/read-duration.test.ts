import { expect, test } from 'vitest';
import { readDurationMs } from './read-duration.ts';

test.each([
  ['0s', 0],
  ['250ms', 250],
  ['90s', 90_000],
  ['15m', 900_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
])('%s is %d ms', (text, durationMs) => {
  expect(readDurationMs(text)).toBe(durationMs);
});

test.each(['', '5', '1.5h', '-1h', '1 h', '1w', 'h'])('%j is no length of time', (text) => {
  expect(readDurationMs(text)).toBeUndefined();
});
