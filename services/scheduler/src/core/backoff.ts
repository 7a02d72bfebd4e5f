import type { RetryConfig } from '@weir/contracts';

/** Half of each pause is fixed and half is drawn, so that requests which failed together do not return together. */
const fixedShare = 0.5;

export interface BackoffQuestion {
  readonly retry: Pick<RetryConfig, 'backoffMs' | 'maxBackoffMs'>;
  /** Number of the attempt that is to come. */
  readonly number: number;
  /** Milliseconds that the request has left. */
  readonly leftMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Milliseconds to wait before an attempt. At most half of what the request has left, so that it can still help. */
export const backoffMs = ({ retry, number, leftMs, random }: BackoffQuestion): number => {
  const doubled = retry.backoffMs * 2 ** Math.max(0, number - 2);
  const longest = Math.min(doubled, retry.maxBackoffMs);
  const drawn = longest * (fixedShare + (1 - fixedShare) * random());
  return Math.max(0, Math.min(drawn, leftMs / 2));
};

/** The pause that the upstream asked for, and a backoff on top: what failed together was told the same pause. */
export const pauseMs = ({
  retryAfterMs,
  ...question
}: BackoffQuestion & { readonly retryAfterMs: number }): number =>
  Math.min(retryAfterMs + backoffMs(question), Math.max(retryAfterMs, question.leftMs / 2));
