import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createDelays } from './delays.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('work runs when its time has come', () => {
  const delays = createDelays(10);
  const run = vi.fn();
  expect(delays.add(100, run)).toBe(true);
  vi.advanceTimersByTime(99);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledOnce();
  expect(delays.size).toBe(0);
});

test('above the bound nothing is taken', () => {
  const delays = createDelays(1);
  const run = vi.fn();
  delays.add(100, run);
  expect(delays.add(100, run)).toBe(false);
  vi.runAllTimers();
  expect(run).toHaveBeenCalledOnce();
});

test('a flush runs everything once, also what comes after it', () => {
  const delays = createDelays(10);
  const run = vi.fn();
  delays.add(100, run);
  delays.flush();
  expect(run).toHaveBeenCalledOnce();
  delays.add(100, run);
  expect(run).toHaveBeenCalledTimes(2);
  vi.runAllTimers();
  expect(run).toHaveBeenCalledTimes(2);
});
