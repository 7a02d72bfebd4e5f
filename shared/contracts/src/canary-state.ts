export const canaryPhases = ['progressing', 'promoted', 'rolled_back'] as const;

/** `promoted`: it has done all its steps. `rolled_back`: it gets nothing until its configuration changes. */
export type CanaryPhase = (typeof canaryPhases)[number];

export const canaryReasons = ['error_rate', 'latency', 'operator'] as const;

/** Why a phase ended before its time. */
export type CanaryReason = (typeof canaryReasons)[number];

/** Attempts at a canary. Each is one of `answers` at its end, and of `firstBytes` when that comes. */
export interface CanaryOutcomes {
  /** Attempts that ended; not those that were cancelled, or failed for reasons of our own. */
  readonly answers: number;
  /** Those of them that failed. */
  readonly failures: number;
  /** First bytes that came, or are overdue. */
  readonly firstBytes: number;
  /** Those of them that took longer than the canary may. */
  readonly slow: number;
}

/** How far the canary of a route has come; the entry of the route in bucket `weir_traffic`. */
export interface CanaryState {
  readonly v: 1;
  readonly route: string;
  /** Of the canary's configuration: a new one starts it anew. */
  readonly revision: string;
  /** Names of upstreams. */
  readonly stable: string;
  readonly canary: string;
  readonly phase: CanaryPhase;
  /** From 0. */
  readonly step: number;
  /** Percent of the requests that it gets. */
  readonly weight: number;
  /** When the step, or the phase, began: milliseconds since the epoch. */
  readonly since: number;
  /** Absent: the step came in its turn. */
  readonly reason?: CanaryReason;
  /** What it was judged by: its last window. Absent at the start, and when an operator decided. */
  readonly seen?: CanaryOutcomes;
}
