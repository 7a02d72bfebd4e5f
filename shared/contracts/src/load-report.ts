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
  /** What the provider last said of its own limits. Absent: nothing, or the upstream's configuration ignores it. */
  readonly quota?: TargetQuota;
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
