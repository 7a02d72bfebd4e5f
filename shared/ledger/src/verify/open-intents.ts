import { type AttemptStarted, attemptKey } from '@weir/contracts';
import type { FindingLog } from './finding.ts';

interface Intent {
  readonly startedAt: number;
  readonly deadline: number;
  readonly where: string;
}

/** Attempts that began and have no account yet: I3. */
export interface OpenIntents {
  readonly size: number;
  /** Start of the oldest, milliseconds since the epoch. Undefined: there is none. */
  oldest(): number | undefined;
  open(data: AttemptStarted, where: string): void;
  close(data: AttemptStarted): void;
  /** Reports those whose deadline is longer ago than the grace time. Milliseconds since the epoch. */
  reportOverdue(now: number, graceMs: number): void;
}

export const createOpenIntents = (log: FindingLog): OpenIntents => {
  const intents = new Map<string, Intent>();
  return {
    get size() {
      return intents.size;
    },
    oldest: () => {
      let oldest: number | undefined;
      for (const { startedAt } of intents.values()) oldest = Math.min(oldest ?? startedAt, startedAt);
      return oldest;
    },
    open: (data, where) => {
      intents.set(attemptKey(data), { startedAt: data.startedAt, deadline: data.deadline, where });
    },
    close: (data) => {
      intents.delete(attemptKey(data));
    },
    reportOverdue: (now, graceMs) => {
      for (const [key, { deadline, where }] of intents) {
        if (deadline + graceMs >= now) continue;
        const due = new Date(Math.min(deadline + graceMs, 8.64e15)).toISOString();
        log.add({
          what: `attempt ${key} was never accounted for`,
          where,
          expected: `an account by ${due}`,
          found: 'none',
        });
      }
    },
  };
};
