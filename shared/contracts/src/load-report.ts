/** What one adapter instance says of one pool, each 100 ms and when it changes much. */
export interface LoadReport {
  readonly v: 1;
  readonly pool: string;
  readonly instance: string;
  /** Start of the instance, milliseconds since the epoch. A new value means that all counters began anew. */
  readonly epoch: number;
  /** Counts reports of this instance and pool. */
  readonly sequence: number;
  readonly state: 'ready' | 'draining';
  readonly targets: readonly TargetLoad[];
  /** Highest dispatch number seen from each scheduler, without gaps behind it that are younger than a second. */
  readonly watermarks: Readonly<Record<string, number>>;
}

export interface TargetLoad {
  readonly target: string;
  /** Input tokens of attempts that have no first byte yet. */
  readonly pendingTokens: number;
  /** Attempts begun and not ended. */
  readonly running: number;
  /** Attempts that this instance will run at once at most. */
  readonly capacity: number;
  /** Input tokens per second that the target was seen to take in while busy. Absent until known. */
  readonly prefillTokensPerSecond?: number;
  /**
   * Time from the call to the first byte of a successful answer, milliseconds: a moving average that rises at once and
   * falls by half in seven seconds. Absent until known.
   */
  readonly firstByteMs?: number;
  /** Whether it is well. Absent where nobody asked for that. */
  readonly health?: TargetHealth;
  /** What the engine behind the target says of itself. Absent: nobody asks it, or it did not answer in time. */
  readonly engine?: EngineReport;
  /** What the provider last said of its own limits. Absent: nothing, or the upstream's configuration ignores it. */
  readonly quota?: TargetQuota;
}

/** What one adapter instance knows of the health of a target. Counts since the start of the instance. */
export interface TargetHealth {
  /** Attempts that the target answered, also with a refusal of its own. */
  readonly succeeded: number;
  /** Attempts that failed by its fault: no connection, no answer in time, one that broke, a status from 500. */
  readonly failed: number;
  /** Failures since the last success. */
  readonly consecutiveFailures: number;
  /** Reason of the last failure. Absent: there was none. */
  readonly lastFailure?: string;
  /** What health checks have found. Absent: nothing yet, or there are none. */
  readonly check?: 'healthy' | 'unhealthy';
  /** Why the last check failed. Absent: it did not. */
  readonly checkFailure?: string;
}

/** Gauges of an inference engine, a few seconds old at most. What is absent is not known. */
export interface EngineReport {
  /** Requests that it computes, whoever sent them. */
  readonly running?: number;
  /** Requests that wait in it, whoever sent them. */
  readonly waiting?: number;
  /** Share of its KV cache in use, 0 to 1. */
  readonly kvUsage?: number;
}

/** Times are milliseconds since the epoch, by the adapter's clock. */
export interface TargetQuota {
  readonly observedAt: number;
  /** Absent: not told. */
  readonly requests?: QuotaWindow;
  /** Input tokens, or all tokens. Absent: not told. */
  readonly tokens?: QuotaWindow;
  /** The provider refuses requests until then. Absent: it does not. */
  readonly exhaustedUntil?: number;
}

/** A limit that fills up again evenly. */
export interface QuotaWindow {
  readonly remaining: number;
  /** Absent: not told; then nothing comes back before `resetsAt`. */
  readonly limit?: number;
  /** When all of it is back. */
  readonly resetsAt: number;
}
