import type { Attempt } from '@weir/contracts';
import type { Late } from '../core/decide-failure.ts';

/** Looks at the time that a call takes. */
export interface CallWatch {
  /** The first byte of the answer came. Idempotent. */
  firstByte(): void;
  /** The call is over. Idempotent. */
  end(): void;
}

export interface CallLimits extends Pick<Attempt, 'perTryTimeoutMs' | 'fallbackOffer' | 'answerBy'> {
  /** To the last byte, milliseconds. Undefined: none. */
  readonly totalMs: number | undefined;
}

const never = Number.POSITIVE_INFINITY;

/** Milliseconds until a first byte counts as late, and what that means. Undefined: never. */
export const lateAfter = (
  { perTryTimeoutMs = never, fallbackOffer, answerBy = never }: Omit<CallLimits, 'totalMs'>,
  now: number,
): { ms: number; late: Late } | undefined => {
  const latencyMs = fallbackOffer?.latencyMs ?? never;
  const leftMs = Math.max(0, answerBy - now);
  if (leftMs !== never && leftMs <= Math.min(latencyMs, perTryTimeoutMs))
    return { ms: leftMs, late: 'attempts' };
  if (latencyMs !== never && latencyMs <= perTryTimeoutMs) return { ms: latencyMs, late: 'threshold' };
  return perTryTimeoutMs === never ? undefined : { ms: perTryTimeoutMs, late: 'timeout' };
};

/** `onLate` must not throw. */
export const watchCall = (limits: CallLimits, now: number, onLate: (late: Late) => void): CallWatch => {
  const limit = lateAfter(limits, now);
  const { totalMs } = limits;
  const first = limit && setTimeout(() => onLate(limit.late), limit.ms);
  const last = totalMs === undefined ? undefined : setTimeout(() => onLate('call'), totalMs);
  return {
    firstByte: () => clearTimeout(first),
    end: () => {
      clearTimeout(first);
      clearTimeout(last);
    },
  };
};
