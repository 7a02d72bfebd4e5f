import type { Attempt } from '@weir/contracts';
import type { Late } from '../core/decide-failure.ts';

/** Waits for the first byte of an answer. */
export interface FirstByteWatch {
  /** It came, or nobody waits any longer. Idempotent. */
  end(): void;
}

type Limits = Pick<Attempt, 'perTryTimeoutMs' | 'fallbackOffer' | 'answerBy'>;

const never = Number.POSITIVE_INFINITY;

/** Milliseconds until an attempt counts as late, and what that means. Undefined: never. */
export const lateAfter = (
  { perTryTimeoutMs = never, fallbackOffer, answerBy = never }: Limits,
  now: number,
): { ms: number; late: Late } | undefined => {
  const latencyMs = fallbackOffer?.latencyMs ?? never;
  const leftMs = Math.max(0, answerBy - now);
  if (leftMs !== never && leftMs <= Math.min(latencyMs, perTryTimeoutMs))
    return { ms: leftMs, late: 'total' };
  if (latencyMs !== never && latencyMs <= perTryTimeoutMs) return { ms: latencyMs, late: 'threshold' };
  return perTryTimeoutMs === never ? undefined : { ms: perTryTimeoutMs, late: 'timeout' };
};

/** `onLate` must not throw. */
export const watchFirstByte = (limits: Limits, now: number, onLate: (late: Late) => void): FirstByteWatch => {
  const limit = lateAfter(limits, now);
  const timer = limit && setTimeout(() => onLate(limit.late), limit.ms);
  return { end: () => clearTimeout(timer) };
};
