import {
  type Attempt,
  type ErrorReason,
  errorReasons,
  type FallbackReason,
  type RetryRule,
} from '@weir/contracts';
import { decideResponse, isRetryable, type ResponseVerdict } from './decide-response.ts';

/**
 * What a call has exceeded: without a first byte the fallback's threshold, its own time or that of all attempts; or
 * the time for the whole of it.
 */
export type Late = 'threshold' | 'timeout' | 'attempts' | 'call';

/** Chances that are left to a request when an attempt of it failed. */
export type Chances = Pick<Attempt, 'remaining' | 'alternatives' | 'retry' | 'fallbackOffer'>;

/** Back to the scheduler: for another attempt, or, when final, for a fallback alone. */
export interface HandBack {
  readonly verdict: 'hand-back';
  readonly reason: ErrorReason;
  readonly isFinal: boolean;
  readonly trigger?: FallbackReason;
}

/** What to do about a failure, before anything of the answer has gone to the client. */
export type FailureVerdict =
  | HandBack
  | { readonly verdict: 'relay' }
  | { readonly verdict: 'refuse'; readonly reason: ErrorReason };

/** A pause longer than this is for the client to wait, not for the gateway. */
export const longestPauseMs = 60_000;

const retriable4xx: ReadonlySet<number> = new Set([408, 409, 429]);

const isListed = ({ on = [], statusCodes = [] }: RetryRule, status: number): boolean =>
  (on.includes('5xx') && status >= 500 && status !== 501) ||
  (on.includes('retriable-4xx') && retriable4xx.has(status)) ||
  (on.includes('retriable-status-codes') && statusCodes.includes(status));

const isRateLimited = (status: number): boolean => status === 429 || status === 529;

const reasonOf = (status: number): ErrorReason => {
  if (status === 401 || status === 403) return 'upstream_credentials';
  if (isRateLimited(status)) return 'upstream_rate_limited';
  return status >= 500 || status === 408 ? 'upstream_5xx' : 'upstream_error';
};

/** By the route's own list. The same target is asked again after a 429 only when it said when. */
const decideByRule = (
  rule: RetryRule,
  status: number,
  chances: Chances,
  hasPause: boolean,
): ResponseVerdict => {
  const isCredential = status === 401 || status === 403;
  const isElsewhere = chances.alternatives > 0;
  const isUseful = isElsewhere || !(isCredential || (isRateLimited(status) && !hasPause));
  if (chances.remaining > 0 && isUseful && isListed(rule, status))
    return { verdict: 'retry', reason: reasonOf(status) };
  return isCredential ? { verdict: 'refuse', reason: 'upstream_credentials' } : { verdict: 'relay' };
};

export interface AnsweredFailure {
  readonly status: number;
  readonly chances: Chances;
  /** The provider asks for this pause. Undefined: it does not. */
  readonly retryAfterMs: number | undefined;
  /** Milliseconds that the request has left. */
  readonly leftMs: number;
}

const decideRetry = ({ status, chances, retryAfterMs, leftMs }: AnsweredFailure): ResponseVerdict => {
  const { retry, remaining, alternatives } = chances;
  // Nobody else can take it, and this one will not have it in time.
  const isTooLong =
    alternatives === 0 && retryAfterMs !== undefined && retryAfterMs > Math.min(leftMs, longestPauseMs);
  const real = { ...chances, remaining: isTooLong ? 0 : remaining };
  return retry?.on === undefined
    ? decideResponse({ status, ...real })
    : decideByRule(retry, status, real, retryAfterMs !== undefined);
};

/** What to do with an upstream's status. */
export const decideAnswer = (failure: AnsweredFailure): FailureVerdict => {
  const { status, chances } = failure;
  const verdict = decideRetry(failure);
  const trigger: { trigger?: FallbackReason } = chances.fallbackOffer?.onErrorCodes.includes(status)
    ? { trigger: 'error-code' }
    : {};
  if (verdict.verdict === 'retry')
    return { verdict: 'hand-back', reason: verdict.reason, isFinal: false, ...trigger };
  if (trigger.trigger) return { verdict: 'hand-back', reason: reasonOf(status), isFinal: true, ...trigger };
  return verdict;
};

/** Failures of the upstream, not of ourselves. */
const ofUpstream: ReadonlySet<ErrorReason> = new Set([
  'connect_failed',
  'upstream_reset',
  'upstream_truncated',
  'upstream_malformed',
  'upstream_error',
  'first_byte_timeout',
  'stream_idle',
  'upstream_timeout',
]);

const isTriedAgain = (rule: RetryRule | undefined, reason: ErrorReason): boolean => {
  if (!isRetryable(reason)) return false;
  if (rule?.on === undefined || !ofUpstream.has(reason)) return true;
  return rule.on.includes(reason === 'connect_failed' ? 'connect-failure' : 'reset');
};

/** What to do about a failure without an answer. */
export const decideNoAnswer = (reason: ErrorReason, chances: Chances, late?: Late): FailureVerdict => {
  const { fallbackOffer: offer, remaining, retry } = chances;
  // No time is left for anybody else.
  if (late === 'attempts') return { verdict: 'refuse', reason };
  if (late === 'threshold' && offer)
    return { verdict: 'hand-back', reason, isFinal: true, trigger: 'latency' };
  const isTrigger =
    offer !== undefined &&
    ofUpstream.has(reason) &&
    (offer.onHealthFailure || offer.onErrorCodes.includes(errorReasons[reason].status));
  const trigger: { trigger?: FallbackReason } = isTrigger ? { trigger: 'health-failure' } : {};
  if (remaining > 0 && isTriedAgain(retry, reason))
    return { verdict: 'hand-back', reason, isFinal: false, ...trigger };
  if (isTrigger) return { verdict: 'hand-back', reason, isFinal: true, ...trigger };
  return { verdict: 'refuse', reason };
};
