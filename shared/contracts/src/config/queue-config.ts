/** What an upstream does with requests for which no target has room. */
export interface QueueConfig {
  /** Attempts under way at one target from which on it is busy. Absent: only the adapters' own capacity counts. */
  readonly maxRunningPerTarget?: number;
  /**
   * Input tokens without a first byte at one target from which on it is busy. One to two steps of an engine, 2,000 to
   * 4,000, keep it at work and leave the order of what waits to the queue. Absent: none.
   */
  readonly maxPendingTokensPerTarget?: number;
  /** Most requests that wait. 0: none, they are refused at once. */
  readonly maxWaiting: number;
  /** Memory of the bodies that wait. */
  readonly maxWaitingBytes: number;
  /** Share of `maxWaiting` that one tenant may take, above 0 and up to 1. */
  readonly maxTenantShare: number;
  /** How long a request waits before it is refused. A route may set its own. */
  readonly timeoutMs: number;
}
