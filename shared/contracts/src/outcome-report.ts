import type { CanaryOutcomes } from './canary-state.ts';

/**
 * What one adapter instance has seen of canaries, each second. Counts only grow: one that is lost costs nothing, as the
 * next one has it all, and one that comes twice or late changes nothing.
 */
export interface OutcomeReport {
  readonly v: 1;
  readonly instance: string;
  /** Start of the instance, milliseconds since the epoch. A new value means that all counts began anew. */
  readonly epoch: number;
  readonly counts: readonly OutcomeCounts[];
}

/** Attempts at the canary of one route since the instance knows this configuration of it. */
export interface OutcomeCounts extends CanaryOutcomes {
  readonly route: string;
  /** Of the canary's configuration. */
  readonly revision: string;
}
