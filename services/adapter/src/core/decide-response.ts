import type { ErrorReason } from '@weir/contracts';

/** What to do with an upstream's status, before anything of the answer has gone to the client. */
export type ResponseVerdict =
  /** The answer goes to the client as it is. */
  | { readonly verdict: 'relay' }
  /** Back to the scheduler for another attempt. */
  | { readonly verdict: 'retry'; readonly reason: ErrorReason }
  /** The client gets our own error: the answer speaks of something that is not its business. */
  | { readonly verdict: 'refuse'; readonly reason: ErrorReason };

/**
 * A 401 or 403 means that our credential failed, never the client's. A 429 is worth another attempt only
 * elsewhere; a 5xx also at the same target.
 */
export const decideResponse = (input: {
  readonly status: number;
  readonly remaining: number;
  readonly alternatives: number;
}): ResponseVerdict => {
  const { status, remaining, alternatives } = input;
  const again = remaining > 0;
  const elsewhere = again && alternatives > 0;
  if (status === 401 || status === 403) {
    return { verdict: elsewhere ? 'retry' : 'refuse', reason: 'upstream_credentials' };
  }
  if (status === 429 || status === 529) {
    return elsewhere ? { verdict: 'retry', reason: 'upstream_rate_limited' } : { verdict: 'relay' };
  }
  if (status === 408 || (status >= 500 && status !== 501)) {
    return again ? { verdict: 'retry', reason: 'upstream_5xx' } : { verdict: 'relay' };
  }
  return { verdict: 'relay' };
};

/** Reasons after which another attempt makes sense, as long as no byte has reached the client. */
const retryable: ReadonlySet<ErrorReason> = new Set([
  'connect_failed',
  'upstream_reset',
  'upstream_truncated',
  'upstream_malformed',
  'upstream_error',
  'first_byte_timeout',
  'stream_idle',
  'upstream_timeout',
  'saturated',
  'draining',
]);

export const isRetryable = (reason: ErrorReason): boolean => retryable.has(reason);
