interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that passes only when the test says so. */
export interface FakeClock {
  readonly now: () => number;
  /** Moves on, running due timers in order, each at its own time. */
  readonly advance: (durationMs: number) => void;
  /** Returns a function that cancels. */
  readonly setTimer: (callback: () => void, delayMs: number) => () => void;
  readonly pendingTimers: () => number;
}

const startOfTestTimeMs = Date.UTC(2026, 0, 1);

export const createFakeClock = (startMs = startOfTestTimeMs): FakeClock => {
  const timers = new Set<Timer>();
  let nowMs = startMs;
  let order = 0;
  const nextDue = (untilMs: number): Timer | undefined =>
    [...timers]
      .filter((timer) => timer.dueMs <= untilMs)
      .toSorted((left, right) => left.dueMs - right.dueMs || left.order - right.order)[0];
  return {
    now: () => nowMs,
    advance: (durationMs) => {
      const untilMs = nowMs + durationMs;
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        timers.delete(timer);
        nowMs = Math.max(nowMs, timer.dueMs);
        timer.callback();
      }
      nowMs = untilMs;
    },
    setTimer: (callback, delayMs) => {
      order += 1;
      const timer: Timer = { dueMs: nowMs + delayMs, order, callback };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    pendingTimers: () => timers.size,
  };
};
