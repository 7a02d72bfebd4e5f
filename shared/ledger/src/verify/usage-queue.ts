import { type ReadUsageEvent, readUsageBatch } from '../read-usage-event.ts';

export interface UsageMessage {
  readonly sequence: number;
  readonly data: Uint8Array;
  /** When it was stored, milliseconds since the epoch. */
  readonly at: number;
}

export interface QueuedUsage extends Omit<UsageMessage, 'data'> {
  readonly events: readonly ReadUsageEvent[];
}

/** USAGE messages that no commit has covered yet. */
export interface UsageQueue {
  /** Sequence of the last message taken. */
  readonly last: number;
  readonly length: number;
  readonly first: QueuedUsage | undefined;
  push(message: UsageMessage): void;
  /** Takes out what is up to and with this sequence. */
  shiftUntil(sequence: number): readonly QueuedUsage[];
  /** Counts what comes from here on without keeping it: no commit will cover it. */
  stopKeeping(): void;
}

export const createUsageQueue = (after: number): UsageQueue => {
  let waiting: QueuedUsage[] = [];
  let last = after;
  let length = 0;
  let first: QueuedUsage | undefined;
  let keeps = true;
  return {
    get last() {
      return last;
    },
    get length() {
      return length;
    },
    get first() {
      return first;
    },
    push: ({ sequence, data, at }) => {
      last = sequence;
      length += 1;
      if (!keeps && first) return;
      const queued = { sequence, at, events: keeps ? readUsageBatch(data, at) : [] };
      first ??= queued;
      if (keeps) waiting.push(queued);
    },
    shiftUntil: (sequence) => {
      const beyond = waiting.findIndex((message) => message.sequence > sequence);
      const taken = beyond === -1 ? waiting : waiting.slice(0, beyond);
      waiting = beyond === -1 ? [] : waiting.slice(beyond);
      length = waiting.length;
      first = waiting[0];
      return taken;
    },
    stopKeeping: () => {
      keeps = false;
      waiting = [];
    },
  };
};
