import type { AttemptStarted } from '@weir/contracts';
import { type ReadUsageEvent, readUsageBatch } from '@weir/ledger';

/** One message of stream USAGE, read. */
export interface UsageMessage {
  readonly sequence: number;
  readonly events: readonly ReadUsageEvent[];
  /** As it is stored, for the dead letters. */
  readonly data: Uint8Array;
}

/** An attempt cannot begin long after it was announced, and one that seems to would confuse everything that goes by age. */
export const maxClockSkewMs = 3_600_000;

const checkClock = (read: ReadUsageEvent, storedAt: number): ReadUsageEvent =>
  read.outcome === 'read' && read.event.data.startedAt > storedAt + maxClockSkewMs
    ? { outcome: 'poison', problem: 'data.startedAt lies more than an hour ahead of the time of storage' }
    : read;

export const readUsageMessage = (stored: {
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly at: number;
}): UsageMessage => ({
  sequence: stored.sequence,
  data: stored.data,
  events: readUsageBatch(stored.data).map((read) => checkClock(read, stored.at)),
});

/** What names an attempt, and where the ledger would have its records. */
export type AttemptIdentity = Pick<
  AttemptStarted,
  'requestId' | 'attempt' | 'run' | 'org' | 'team' | 'key' | 'startedAt'
>;
