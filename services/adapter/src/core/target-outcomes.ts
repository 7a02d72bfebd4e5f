import type { ErrorReason, TargetHealth } from '@weir/contracts';

/** How one attempt went, as far as its target is to blame. */
export interface TargetOutcomeTicket {
  /** The target answers. Idempotent. */
  answered(status: number): void;
  /** The attempt failed. Counts once, and only what the target is to blame for. */
  failed(reason: ErrorReason): void;
}

/** Counts how attempts at targets went. A machine: no clock, no I/O. */
export interface TargetOutcomes {
  take(pool: string, target: string): TargetOutcomeTicket;
  of(
    pool: string,
    target: string,
  ): Pick<TargetHealth, 'succeeded' | 'failed' | 'consecutiveFailures' | 'lastFailure'>;
}

/** Not a refusal of what was asked, nor of how much; and not what befell us. */
const blamed: ReadonlySet<ErrorReason> = new Set([
  'connect_failed',
  'upstream_reset',
  'upstream_truncated',
  'upstream_malformed',
  'upstream_error',
  'upstream_5xx',
  'first_byte_timeout',
  'stream_idle',
]);

interface Counts {
  succeeded: number;
  failed: number;
  consecutiveFailures: number;
  lastFailure: string | undefined;
}

export const createTargetOutcomes = (): TargetOutcomes => {
  const targets = new Map<string, Counts>();

  const countsOf = (pool: string, target: string): Counts => {
    const key = `${pool}/${target}`;
    const known = targets.get(key);
    if (known) return known;
    const counts: Counts = { succeeded: 0, failed: 0, consecutiveFailures: 0, lastFailure: undefined };
    targets.set(key, counts);
    return counts;
  };

  const fail = (counts: Counts, reason: string): void => {
    counts.failed += 1;
    counts.consecutiveFailures += 1;
    counts.lastFailure = reason;
  };

  return {
    take: (pool, target) => {
      const counts = countsOf(pool, target);
      let hasAnswered = false;
      let hasFailed = false;
      return {
        answered: (status) => {
          if (hasAnswered || hasFailed) return;
          hasAnswered = true;
          // Too many requests, or not what the target offers, is no sign of an illness; nor is it one of health.
          if (status === 429 || status === 529 || status === 501) return;
          if (status >= 500) {
            hasFailed = true;
            return fail(counts, 'upstream_5xx');
          }
          counts.succeeded += 1;
          counts.consecutiveFailures = 0;
        },
        failed: (reason) => {
          if (hasFailed || !blamed.has(reason)) return;
          hasFailed = true;
          fail(counts, reason);
        },
      };
    },
    of: (pool, target) => {
      const { lastFailure, ...counts } = countsOf(pool, target);
      return { ...counts, ...(lastFailure === undefined ? {} : { lastFailure }) };
    },
  };
};
