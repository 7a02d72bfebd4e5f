import type { RetryRule } from './config/retry-config.ts';

export const fallbackReasons = [
  'health-failure',
  'saturated',
  'latency',
  'error-code',
  'quota',
  'budget-exhausted',
] as const;

/** Why a request went to a fallback upstream. */
export type FallbackReason = (typeof fallbackReasons)[number];

/** What may send a request to a fallback upstream that could take it. */
export interface FallbackOffer {
  /** Failures without an answer. */
  readonly onHealthFailure: boolean;
  readonly onErrorCodes: readonly number[];
  /** No first byte for so long, milliseconds. Absent: never. */
  readonly latencyMs?: number;
}

/** The request is at its route's fallback upstreams. */
export interface FallbackState {
  readonly reason: FallbackReason;
  /** The upstream that it was taken from. */
  readonly from: string;
  /** Number of the first attempt there. */
  readonly since: number;
}

/** What the adapter learned of an attempt that it hands back. */
export interface AttemptFailure {
  /** Absent: there was no answer. */
  readonly status?: number;
  /** The provider asks for this pause, milliseconds. Absent: it does not. */
  readonly retryAfterMs?: number;
  /** The failure is one that the scheduler's offer of a fallback names. */
  readonly trigger?: FallbackReason;
  /** It is not to be tried again at the upstreams that it was at. Absent means false. */
  readonly isFinal?: boolean;
}

/** Attempts of a request that were begun and then handed back for another one. */
export interface PastAttempts {
  /** How many, at least 1. The ledger gets an account of each, and none of them says that the request is over. */
  readonly accounts: number;
  /** One of them, or more, went out to its upstream: something may have been used. */
  readonly called: boolean;
}

/** One try at one target. Added by the scheduler. */
export interface Attempt {
  /** From 1, over all targets. */
  readonly number: number;
  readonly upstream: string;
  readonly target: string;
  /** Model name that the upstream knows. Equals `model` unless the route maps it. */
  readonly model: string;
  /** Further tries that the scheduler allows after this one. At 0 the adapter relays a failure as it is. */
  readonly remaining: number;
  /** Targets that this request could still go to and has not tried. */
  readonly alternatives: number;
  /** Targets that failed already, as `upstream/target`. */
  readonly excluded: readonly string[];
  /** Why the attempt before this one failed. */
  readonly lastFailure?: string;
  /** How often a target at its `maxRequestsPerTarget` turned the request away so far. Absent: never. */
  readonly busy?: number;
  /** The scheduler instance, and its dispatch number for the adapter instance chosen (for watermarks). */
  readonly scheduler: string;
  readonly dispatch: number;
  /** Input tokens that the scheduler reserved on the target. */
  readonly reservedTokens: number;
  /** Which failures are handed back for another attempt. Absent: the adapter's own rule. */
  readonly retry?: RetryRule;
  /** To the first byte of the answer, milliseconds. Absent: the upstream's time-outs alone. */
  readonly perTryTimeoutMs?: number;
  /**
   * When the time for all attempts is over, milliseconds since the epoch: one without a first byte ends then, and none
   * begins after it. Absent: the deadline alone.
   */
  readonly answerBy?: number;
  /** Absent: there is no fallback that could take the request. */
  readonly fallbackOffer?: FallbackOffer;
  /** Absent: the route's own upstreams serve the request. */
  readonly fallback?: FallbackState;
  /** Attempts before this one; on one that was handed back, with it. Absent: none was begun. */
  readonly past?: PastAttempts;
  /** On an attempt that was handed back. Absent: the adapter learned no more than `lastFailure`. */
  readonly failure?: AttemptFailure;
}

/** `lastFailure` of an attempt that never began: the target was at its `maxRequestsPerTarget`. */
export const busyTarget = 'busy';
