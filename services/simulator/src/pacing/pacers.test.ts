import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { engineProfiles } from '../core/engine/profiles.ts';
import { EnginePacer } from './engine-pacer.ts';
import { createInstantPacer } from './instant-pacer.ts';
import { createPacedPacer } from './paced-pacer.ts';
import type { Job, Pacer } from './pacer.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});

afterEach(() => {
  vi.useRealTimers();
});

const createJob = (outputTokens: number, part: Partial<Job> = {}) => {
  const releases: (readonly [atMs: number, generated: number])[] = [];
  const job: Job = {
    promptTokens: 100,
    outputTokens,
    priority: 0,
    texts: ['x'.repeat(400)],
    pace: { ttftMs: 40, itlMs: 20 },
    onAdmitted: () => {},
    onTokens: (generated) => releases.push([Date.now(), generated]),
    ...part,
  };
  return { job, releases };
};

const startOrFail = (pacer: Pacer, job: Job): (() => void) => {
  const started = pacer.start(job);
  if (started.outcome !== 'started') throw new Error(started.reason);
  return started.cancel;
};

const createEnginePacer = (speedup = 1): EnginePacer =>
  new EnginePacer({
    profile: engineProfiles['8b-h100'],
    random: () => 0.5,
    now: Date.now,
    speedup: () => speedup,
    onStep: () => {},
  });

describe('the instant pacer', () => {
  it('releases everything before start returns', () => {
    const { job, releases } = createJob(9);
    startOrFail(createInstantPacer(), job);
    expect(releases).toEqual([[0, 9]]);
  });
});

describe('the paced pacer', () => {
  it('releases the first token and each next one at their times', () => {
    const { job, releases } = createJob(4);
    startOrFail(createPacedPacer(Date.now), job);
    vi.advanceTimersByTime(1000);
    expect(releases).toEqual([
      [40, 1],
      [60, 2],
      [80, 3],
      [100, 4],
    ]);
  });

  it('runs many streams on one timer', () => {
    const pacer = createPacedPacer(Date.now);
    for (let count = 0; count < 500; count += 1) startOrFail(pacer, createJob(10).job);
    expect(vi.getTimerCount()).toBe(1);
    expect(pacer.gauges().running).toBe(500);
    vi.advanceTimersByTime(1000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives everything at once when no time is set', () => {
    const { job, releases } = createJob(5, { pace: { ttftMs: 0, itlMs: 0 } });
    startOrFail(createPacedPacer(Date.now), job);
    expect(releases).toEqual([[0, 5]]);
  });

  it('gives no token after a cancel', () => {
    const { job, releases } = createJob(5);
    const cancel = startOrFail(createPacedPacer(Date.now), job);
    vi.advanceTimersByTime(60);
    cancel();
    vi.advanceTimersByTime(1000);
    expect(releases).toHaveLength(2);
  });
});

describe('the engine pacer', () => {
  it('takes the time of the step model, and then rests', () => {
    const pacer = createEnginePacer();
    const { job, releases } = createJob(3);
    startOrFail(pacer, job);
    vi.advanceTimersByTime(1000);
    // 6 ms base + 100 tokens of prefill at 0.055 ms + 0.02 ms for the sequence, then about 6 ms a token.
    expect(releases.map(([atMs]) => atMs)).toEqual([12, 18, 24]);
    expect(pacer.gauges()).toMatchObject({ running: 0, waiting: 0, usedBlocks: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('runs faster by the speedup', () => {
    const { job, releases } = createJob(100);
    startOrFail(createEnginePacer(100), job);
    vi.advanceTimersByTime(7);
    expect(releases.at(-1)?.[1]).toBe(100);
  });

  it('frees the blocks of a cancelled job at once', () => {
    const pacer = createEnginePacer();
    const { job, releases } = createJob(50);
    const cancel = startOrFail(pacer, job);
    vi.advanceTimersByTime(20);
    expect(pacer.gauges().usedBlocks).toBe(7);
    cancel();
    expect(pacer.gauges()).toMatchObject({ running: 0, usedBlocks: 0 });
    const before = releases.length;
    vi.advanceTimersByTime(1000);
    expect(releases).toHaveLength(before);
  });
});
