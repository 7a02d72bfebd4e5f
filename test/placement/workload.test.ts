import { expect, test } from 'vitest';
import { workerCapacity } from './capacity.ts';
import { quantile, summarize } from './summarize.ts';
import { heavyTail, planLoad, uniform } from './workload.ts';

const plan = (seed: number) =>
  planLoad({
    seed,
    seconds: 100,
    sizes: heavyTail,
    capacity: 50,
    callers: [
      { name: 'one', load: 0.6 },
      { name: 'other', load: 0.3 },
    ],
  });

test('a seed always gives the same load, in order of time, at the rate that is asked for', () => {
  const planned = plan(1);
  expect(plan(1)).toEqual(planned);
  expect(plan(2)).not.toEqual(planned);
  expect(planned.map(({ atMs }) => atMs)).toEqual(
    planned.map(({ atMs }) => atMs).toSorted((left, right) => left - right),
  );
  const countOf = (name: string) => planned.filter(({ caller }) => caller === name).length;
  // 3,000 and 1,500, within five standard deviations.
  expect(Math.abs(countOf('one') - 3_000)).toBeLessThan(275);
  expect(Math.abs(countOf('other') - 1_500)).toBeLessThan(195);
});

test('prompts have the median that is asked for', () => {
  const sizes = plan(1).map(({ promptTokens }) => promptTokens);
  expect(quantile(sizes, 0.5)).toBeGreaterThan(540);
  expect(quantile(sizes, 0.5)).toBeLessThan(660);
});

test('a worker can do less of what is larger', () => {
  expect(workerCapacity(heavyTail)).toBeGreaterThan(5);
  expect(workerCapacity({ ...uniform, promptMedian: 4_800 })).toBeLessThan(workerCapacity(uniform) / 2);
});

test('a summary leaves out the beginning and what failed', () => {
  const sample = { caller: 'one', promptTokens: 100, outputTokens: 1, status: 200, totalMs: 1 };
  const samples = [
    { ...sample, atMs: 100, firstByteMs: 9_999 },
    ...Array.from({ length: 100 }, (_, at) => ({ ...sample, atMs: 6_000, firstByteMs: at + 1 })),
    { ...sample, atMs: 6_000, status: 503, firstByteMs: undefined },
  ];
  expect(summarize(samples)).toMatchObject({ requests: 101, failed: 1, p50Ms: 51, p99Ms: 100 });
});
