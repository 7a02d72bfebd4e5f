import { expect, test } from 'vitest';
import { recoveryMs, type WindowedP99, windowsOf } from './recovery.ts';

const served = (at: number, firstTokenMs: number) => ({
  at,
  firstTokenMs,
  promptTokens: 1,
  tokenMs: undefined,
});

const windows = (...p99s: (number | undefined)[]): WindowedP99[] =>
  p99s.map((p99, index) => ({ fromMs: index * 500, p99 }));

test('a window has what came in its ten seconds, and none ends behind the run', () => {
  const found = windowsOf([served(0, 10), served(9_999, 30), served(10_000, 99)], 11_000);
  expect(found).toEqual([
    { fromMs: 0, p99: 30 },
    { fromMs: 500, p99: 99 },
    { fromMs: 1_000, p99: 99 },
  ]);
});

test('p99 is back where it stays within 1.5 times the goal', () => {
  const goal = windows(100, 100, 100, 100, 100, 100, 100, 100);
  expect(recoveryMs(windows(100, 100, 100, 100, 100, 100, 100, 100), goal, 1_000)).toBe(0);
  expect(recoveryMs(windows(100, 100, 900, 100, 151, 150, 100, 100), goal, 1_000)).toBe(1_500);
});

test('what is still late at the end is not back, nor is a window without any answer', () => {
  const goal = windows(100, 100, 100, 100);
  expect(recoveryMs(windows(100, 100, 100, 400), goal, 500)).toBe(Number.POSITIVE_INFINITY);
  expect(recoveryMs(windows(100, 100, undefined, 100), goal, 500)).toBe(1_000);
});

test('what was late long before the change is none of it', () => {
  const goal = windows(100, 100, 100, 100, 100);
  expect(recoveryMs(windows(900, 100, 100, 100, 100), goal, 2_000)).toBe(0);
});
