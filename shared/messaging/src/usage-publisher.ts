import { subjects, type UsageEvent } from '@weir/contracts';
import { type CommitResult, createGroupCommit } from './group-commit.ts';
import type { NatsBus } from './nats-bus.ts';
import { createStreamPublisher } from './stream-publisher.ts';

export interface UsagePublisher {
  /**
   * Resolves when JetStream has stored the event, or refuses when too many wait already. Somebody waits for an
   * urgent one; others may share the next batch.
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

const maxBatchBytes = 56 * 1024;

interface EncodedEvent {
  readonly id: string;
  readonly json: string;
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
    sizeOf: ({ json }) => json.length * 2,
    maxBatchEntries: 200,
    maxBatchBytes,
    maxWaitingEntries: 20_000,
    retryDelayMs: 250,
    lazyDelayMs: 20,
    gatherMs: 2,
    sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
    onRetry,
  });
  return {
    publish: (event, urgent) => group.add({ id: event.id, json: JSON.stringify(event) }, urgent),
    get pending() {
      return group.pending;
    },
    idle: () => group.idle(),
  };
};
