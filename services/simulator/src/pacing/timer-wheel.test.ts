import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TimerWheel, type WheelEntry } from './timer-wheel.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});

afterEach(() => {
  vi.useRealTimers();
});

const recordAt = (dueMs: number, periodMs = 0, times = 1): { entry: WheelEntry; calls: number[] } => {
  const calls: number[] = [];
  const entry: WheelEntry = {
    dueMs,
    cancelled: false,
    run(nowMs) {
      calls.push(nowMs);
      entry.dueMs += periodMs;
      return calls.length < times;
    },
  };
  return { entry, calls };
};

describe('the timer wheel', () => {
  it('runs entries at their time, to the tick, whatever the order they came in', () => {
    const wheel = new TimerWheel(Date.now, 2, 16);
    const late = recordAt(20);
    const soon = recordAt(7);
    wheel.add(late.entry);
    wheel.add(soon.entry);
    vi.advanceTimersByTime(100);
    expect(soon.calls).toEqual([6]);
    expect(late.calls).toEqual([20]);
  });

  it('waits for entries beyond its horizon', () => {
    const wheel = new TimerWheel(Date.now, 2, 16);
    const far = recordAt(1000);
    wheel.add(far.entry);
    vi.advanceTimersByTime(998);
    expect(far.calls).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(far.calls).toEqual([1000]);
  });

  it('repeats an entry as long as it wants, then lets its timer go', () => {
    const wheel = new TimerWheel(Date.now, 2, 16);
    const beat = recordAt(10, 10, 3);
    wheel.add(beat.entry);
    vi.advanceTimersByTime(500);
    expect(beat.calls).toEqual([10, 20, 30]);
    expect(wheel.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never runs a cancelled entry', () => {
    const wheel = new TimerWheel(Date.now, 2, 16);
    const beat = recordAt(10);
    wheel.add(beat.entry);
    beat.entry.cancelled = true;
    vi.advanceTimersByTime(100);
    expect(beat.calls).toEqual([]);
    expect(wheel.size).toBe(0);
  });

  it('misses nothing when the process was held up for longer than the wheel turns', () => {
    let nowMs = 0;
    const wheel = new TimerWheel(() => nowMs, 2, 16);
    const entries = Array.from({ length: 40 }, (_, index) => recordAt(index * 3));
    for (const { entry } of entries) wheel.add(entry);
    nowMs = 5000;
    vi.advanceTimersByTime(2);
    expect(entries.every(({ calls }) => calls.length === 1)).toBe(true);
  });
});
