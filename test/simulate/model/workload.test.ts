import { expect, test } from 'vitest';
import { median } from './summary.ts';
import { drawRequests, heavyTail, uniform } from './workload.ts';

test('the same seed gives the same requests, another one does not', () => {
  const arrivals = { workload: heavyTail, perSecond: 50, forMs: 2_000 };
  expect(drawRequests(arrivals, 1)).toEqual(drawRequests(arrivals, 1));
  expect(drawRequests(arrivals, 1)).not.toEqual(drawRequests(arrivals, 2));
});

test('lengths have the median and the tail that they were given', () => {
  const requests = drawRequests({ workload: heavyTail, perSecond: 1_000, forMs: 20_000 }, 1);
  const prompts = requests.map(({ promptTokens }) => promptTokens);
  expect(requests.length / 20_000).toBeCloseTo(1, 1);
  expect(median(prompts)).toBeGreaterThan(570);
  expect(median(prompts)).toBeLessThan(630);
  // exp(1.2² / 2) times the median.
  expect(prompts.reduce((sum, one) => sum + one, 0) / prompts.length).toBeCloseTo(1_233, -2);
  const fixed = drawRequests({ workload: uniform, perSecond: 100, forMs: 1_000 }, 1);
  expect(new Set(fixed.map(({ promptTokens }) => promptTokens))).toEqual(new Set([1_233]));
});

test('a burst has its factor more requests, and they come in order', () => {
  const burst = { atMs: 10_000, forMs: 10_000, factor: 5 };
  const requests = drawRequests({ workload: uniform, perSecond: 100, forMs: 30_000, burst }, 1);
  const inBurst = requests.filter(({ at }) => at >= 10_000 && at < 20_000).length;
  expect(inBurst / (requests.length - inBurst)).toBeCloseTo(2.5, 0);
  const times = requests.map(({ at }) => at);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
});
