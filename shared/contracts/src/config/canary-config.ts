import type { SplitKey } from './traffic-config.ts';

/** A new upstream that gets more and more of a route's requests, or none any more when it does badly. */
export interface CanaryConfig {
  /** Gets what the canary does not, and what it fails. */
  readonly stable: string;
  /** The upstream on trial. */
  readonly canary: string;
  /** What has a place of its own. Absent: `request`. */
  readonly splitBy?: SplitKey;
  /** One after the other; weights rise. The last one's stays. */
  readonly steps: readonly CanaryStepConfig[];
  readonly rollback: CanaryRollbackConfig;
}

export interface CanaryStepConfig {
  /** Percent of the requests, above 0. */
  readonly weight: number;
  /** Shortest time before the next step. */
  readonly holdMs: number;
}

/** When a canary gets nothing any more. Looks at attempts that ended within the window. */
export interface CanaryRollbackConfig {
  /** Fraction of the attempts that may fail, 0 to 1. */
  readonly errorRate: number;
  /** Longest time to first byte that `latencyQuantile` of the attempts may have. Absent: any. */
  readonly latencyMs?: number;
  /** Above 0, below 1. */
  readonly latencyQuantile: number;
  /** Fewer attempts than this say nothing: neither for a rollback, nor for the next step. */
  readonly minRequests: number;
  readonly windowMs: number;
}
