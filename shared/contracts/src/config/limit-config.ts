import type { BudgetUnit } from '../budget-counter.ts';

export const limitKinds = ['key', 'team', 'org', 'route', 'client-ip'] as const;

/** Requests that share one bucket or counter: those of one key, team, org, route or client address, or one value of a header. */
export type LimitKey = (typeof limitKinds)[number] | `header:${string}`;

export const estimateMethods = ['tiktoken', 'chars', 'words'] as const;

/** How input tokens are estimated before the call: the tokenizer of the model, a quarter of the characters, or words. */
export type EstimateMethod = (typeof estimateMethods)[number];

/** A limit on the rate of requests. It has at least one of tokens, requests and concurrency. */
export interface RateLimitConfig {
  /** Absent: the place where the limit stands; the key, on a route. */
  readonly key?: LimitKey;
  /** Refill of the token bucket: input and output tokens. */
  readonly tokensPerMinute?: number;
  /** Capacity of the token bucket. Absent: `tokensPerMinute`. */
  readonly burstTokens?: number;
  readonly requestsPerMinute?: number;
  /** Capacity of the bucket of requests. Absent: `requestsPerMinute`. */
  readonly burstRequests?: number;
  /** Requests at a time. */
  readonly concurrency?: number;
  readonly estimate: EstimateMethod;
  /** False: what would have been refused is only counted. */
  readonly enforce: boolean;
}

export const budgetPeriods = ['hourly', 'daily', 'weekly', 'monthly'] as const;

/** Calendar periods. Weeks begin on Monday. */
export type BudgetPeriod = (typeof budgetPeriods)[number];

export const holdModes = ['worst-case', 'fixed', 'quantile'] as const;

/** How much of a budget a request holds until its real use is known. */
export interface HoldConfig {
  /**
   * `worst-case`: the output cap of the request; `fixed`: `outputTokens`; `quantile`: what `quantile` of the recent
   * answers of the same model stayed below, and the worst case while less than a fifth of the budget is left.
   */
  readonly mode: (typeof holdModes)[number];
  /** Output tokens that are held where the request has no cap of its own, or always in mode `fixed`. */
  readonly outputTokens: number;
  /** Above 0, at most 1. */
  readonly quantile: number;
}

export interface BudgetConfig {
  /** A subject token, unique in its place. */
  readonly name: string;
  /** Absent: the place where the budget stands; the key, on a route. */
  readonly key?: LimitKey;
  readonly unit: BudgetUnit;
  /** Decimal text, above 0: whole tokens or requests, or money with up to 9 decimals. */
  readonly limit: string;
  readonly period: BudgetPeriod;
  /** IANA name. */
  readonly timeZone: string;
  /** False: it is counted and reported, and refuses nobody. */
  readonly enforce: boolean;
  /** Fractions of the limit, above 0, in order. */
  readonly alertThresholds: readonly number[];
  /** Fraction of the limit that may be used beyond it. */
  readonly burstAllowance: number;
  /** Largest fraction of the limit that is carried over from the period before, when it was left there. */
  readonly rollOver: number;
  readonly hold: HoldConfig;
  /** What is done with a request whose hold does not fit: refuse it, or lower its output cap to what does fit. */
  readonly onLow: 'deny' | 'clamp';
}
