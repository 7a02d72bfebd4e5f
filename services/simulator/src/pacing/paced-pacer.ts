import { idleGauges, type Job, type Pacer } from './pacer.ts';
import { TimerWheel, type WheelEntry } from './timer-wheel.ts';

const createEntry = (job: Job, startMs: number): WheelEntry => {
  let generated = 0;
  const { ttftMs, itlMs } = job.pace;
  const entry: WheelEntry = {
    dueMs: startMs + ttftMs,
    cancelled: false,
    run(nowMs) {
      // Times follow the plan and not the last call, so lateness does not add up; what was missed comes at once.
      const late = itlMs > 0 ? Math.floor((nowMs - entry.dueMs) / itlMs) : job.outputTokens;
      generated = Math.min(job.outputTokens, generated + 1 + Math.max(0, late));
      entry.dueMs = startMs + ttftMs + generated * itlMs;
      job.onTokens(generated, 0);
      return generated < job.outputTokens;
    },
  };
  return entry;
};

/** Fixed times for every answer, whatever the load. */
export const createPacedPacer = (now: () => number): Pacer => {
  const wheel = new TimerWheel(now);
  return {
    kv: { blocks: 0, blockTokens: 16 },
    start(job) {
      const entry = createEntry(job, now());
      job.onAdmitted();
      const cancel = (): void => {
        entry.cancelled = true;
      };
      if (job.pace.ttftMs > 0 || entry.run(now())) wheel.add(entry);
      return { outcome: 'started', cancel };
    },
    gauges: () => ({ ...idleGauges, running: wheel.size }),
    close: () => wheel.close(),
  };
};
