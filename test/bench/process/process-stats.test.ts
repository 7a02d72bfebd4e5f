import { expect, test } from 'vitest';
import { parseCpuMs, parseRssBytes, sampleProcesses } from './process-stats.ts';

test('CPU time is user and system time, whatever the name of the process', () => {
  expect(parseCpuMs('4242 (a) b (c) S 1 4242 4242 0 -1 4194304 900 0 3 0 125 25 0 0 20 0 11 0 8')).toBe(1500);
});

test('resident memory is read in bytes', () => {
  expect(parseRssBytes('Name:\tnode\nVmPeak:\t 9 kB\nVmRSS:\t    2048 kB\n')).toBe(2_097_152);
});

test('a process that is gone has unknown values, not zero', async () => {
  expect(await sampleProcesses([{ role: 'gone', pid: 0 }])).toEqual([
    { role: 'gone', cpuMs: undefined, rssBytes: undefined },
  ]);
});
