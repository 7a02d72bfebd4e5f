import type { Attempt } from '@weir/contracts';

/** Waits for the first byte of an answer. */
export interface FirstByteWatch {
  /** It came, or nobody waits any longer. Idempotent. */
  end(): void;
}

export type Late = 'threshold' | 'timeout';

/** Milliseconds until an attempt counts as late, and what that means. Undefined: never. */
const lateAfter = ({
  perTryTimeoutMs,
  fallbackOffer,
}: Pick<Attempt, 'perTryTimeoutMs' | 'fallbackOffer'>): { ms: number; late: Late } | undefined => {
  const latencyMs = fallbackOffer?.latencyMs;
  if (latencyMs !== undefined && latencyMs <= (perTryTimeoutMs ?? Number.POSITIVE_INFINITY))
    return { ms: latencyMs, late: 'threshold' };
  return perTryTimeoutMs === undefined ? undefined : { ms: perTryTimeoutMs, late: 'timeout' };
};

/** `onLate` must not throw. */
export const watchFirstByte = (
  attempt: Pick<Attempt, 'perTryTimeoutMs' | 'fallbackOffer'>,
  onLate: (late: Late) => void,
): FirstByteWatch => {
  const limit = lateAfter(attempt);
  const timer = limit && setTimeout(() => onLate(limit.late), limit.ms);
  return { end: () => clearTimeout(timer) };
};
