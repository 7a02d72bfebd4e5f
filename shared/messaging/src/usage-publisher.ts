import { subjects, type UsageEvent } from '@weir/contracts';
import { type CommitResult, createGroupCommit } from './group-commit.ts';
import type { NatsBus } from './nats-bus.ts';
import { createStreamPublisher } from './stream-publisher.ts';

export interface UsagePublisher {
  /**
   * Resolves when JetStream has stored the event, or refuses when too many wait already, or when it is larger than any
   * message may be: it would hold up all others for ever. Somebody waits for an urgent one; others may share the next
   * batch.
   */
  publish(event: UsageEvent, urgent: boolean): Promise<CommitResult>;
  readonly pending: number;
  idle(): Promise<void>;
}

export interface UsagePublisherOptions {
  readonly bus: NatsBus;
  readonly ackTimeoutMs: number;
  readonly onRetry: (error: unknown) => void;
}

/** A message of stream USAGE has 64 KiB at most, with its headers. */
const maxBatchBytes = 56 * 1024;

interface EncodedEvent {
  readonly id: string;
  readonly json: string;
  readonly bytes: number;
}

/** Publishes usage events to JetStream in batches (`application/cloudevents-batch+json`); see docs/decisions/0002. */
export const createUsagePublisher = ({
  bus,
  ackTimeoutMs,
  onRetry,
}: UsagePublisherOptions): UsagePublisher => {
  const store = createStreamPublisher(bus, ackTimeoutMs, onRetry);
  const encoder = new TextEncoder();
  const group = createGroupCommit<EncodedEvent>({
    write: async (batch) => {
      const payload = encoder.encode(`[${batch.map(({ json }) => json).join(',')}]`);
      // An event is in one batch only, and a batch that is written again is the same: its first event names it.
      await store(subjects.usage, payload, batch[0]?.id ?? '');
    },
    // With the comma behind it.
    sizeOf: ({ bytes }) => bytes + 1,
    maxBatchEntries: 200,
    maxBatchBytes,
    maxWaitingEntries: 20_000,
    retryDelayMs: 250,
    lazyDelayMs: 20,
    crowd: 8,
    gatherMs: 2,
    sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
    onRetry,
  });
  return {
    publish: async (event, urgent) => {
      const json = JSON.stringify(event);
      const bytes = Buffer.byteLength(json);
      if (bytes > maxBatchBytes)
        return {
          outcome: 'refused',
          why: `an event of ${bytes} bytes: at most ${maxBatchBytes} are possible`,
        };
      return group.add({ id: event.id, json, bytes }, urgent);
    },
    get pending() {
      return group.pending;
    },
    idle: () => group.idle(),
  };
};
