export const retryConditions = [
  '5xx',
  'reset',
  'connect-failure',
  'retriable-4xx',
  'retriable-status-codes',
] as const;

/**
 * A failure that another attempt may mend. `5xx`: a status from 500, but 501. `reset`: no answer, or none that is whole
 * or can be read, a time-out included. `connect-failure`: no connection. `retriable-4xx`: 408, 409 and 429.
 * `retriable-status-codes`: those of `statusCodes`.
 */
export type RetryCondition = (typeof retryConditions)[number];

/** Which failures are tried again. */
export interface RetryRule {
  /** Absent: 408, 5xx but 501, `reset` and `connect-failure`; and 401, 403, 429 and 529 at another target. */
  readonly on?: readonly RetryCondition[];
  /** 400 to 599; for `retriable-status-codes`. Absent: none. */
  readonly statusCodes?: readonly number[];
}

export interface RetryConfig extends RetryRule {
  /** Attempts in total, the first included; those at fallback upstreams are counted on their own. */
  readonly attempts: number;
  /** Pause before the second attempt; it doubles from there, with jitter. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** To the first byte of an attempt's answer, milliseconds. Absent: `timeouts` of the upstream alone. */
  readonly perTryTimeoutMs?: number;
  /**
   * For all attempts, those at fallback upstreams included, milliseconds: from the first one until some upstream begins
   * its answer. Absent: the deadline of the request alone.
   */
  readonly timeoutMs?: number;
  /** Absent: as many attempts are repeated as fail. */
  readonly budget?: RetryBudgetConfig;
}

/** Bounds what retries add to the load, over ten seconds, for each scheduler. */
export interface RetryBudgetConfig {
  /** Most retries as a share of the route's requests, 0 to 100. */
  readonly percent: number;
  /** Retries that are always allowed. */
  readonly minRetries: number;
}

/** Where requests of a route go when its own upstreams cannot serve them. */
export interface FallbackConfig {
  /** At least one, the preferred first. One that does not speak the client's API is passed over. */
  readonly upstreams: readonly FallbackUpstreamConfig[];
  readonly triggers: FallbackTriggersConfig;
}

export interface FallbackUpstreamConfig {
  readonly upstream: string;
  /** The client's model name, or a pattern of it → the name to ask this upstream for. Others stay as they are. */
  readonly modelMapping: Readonly<Record<string, string>>;
}

export interface FallbackTriggersConfig {
  /** No target within reach; or the attempts ended without an answer. */
  readonly onHealthFailure: boolean;
  /** Every target at its limit of requests: then nobody waits for room. */
  readonly onSaturated: boolean;
  /** No first byte from an attempt for so long, milliseconds. Absent: never. */
  readonly onLatencyThresholdMs?: number;
  /** Statuses, 400 to 599, that are not tried again or no longer. */
  readonly onErrorCodes: readonly number[];
  /** A budget refuses the request. At the fallback it is not charged to the route's own budgets, but to all others. */
  readonly onBudgetExhausted: boolean;
}
