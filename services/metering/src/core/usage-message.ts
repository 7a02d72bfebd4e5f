import type { AttemptStarted } from '@weir/contracts';
import { type ReadUsageEvent, readUsageBatch } from '@weir/ledger';

/** One message of stream USAGE, read. */
export interface UsageMessage {
  readonly sequence: number;
  readonly events: readonly ReadUsageEvent[];
  /** As it is stored, for the dead letters. */
  readonly data: Uint8Array;
}

export const readUsageMessage = (stored: {
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly at: number;
}): UsageMessage => ({
  sequence: stored.sequence,
  data: stored.data,
  events: readUsageBatch(stored.data, stored.at),
});

/** What names an attempt, and where the ledger would have its records. */
export type AttemptIdentity = Pick<
  AttemptStarted,
  'requestId' | 'attempt' | 'run' | 'org' | 'team' | 'key' | 'startedAt'
>;
