import { createHash } from 'node:crypto';
import { jetstream } from '@nats-io/jetstream';
import { subjects, type UsageEvent } from '@weir/contracts';
import { type CommitResult, createGroupCommit } from './group-commit.ts';
import type { NatsBus } from './nats-bus.ts';

export interface UsagePublisher {
  /** Resolves when JetStream has stored the event, or refuses when too many wait already. */
  publish(event: UsageEvent): Promise<CommitResult>;
  readonly pending: number;
  idle(): Promise<void>;
}

export interface UsagePublisherOptions {
  readonly bus: NatsBus;
  readonly ackTimeoutMs: number;
  readonly onRetry: (error: unknown) => void;
}

const maxBatchBytes = 56 * 1024;

/** The same batch always has the same id, so a batch whose acknowledgement was lost is stored once. */
const batchId = (lines: readonly EncodedEvent[]): string =>
  createHash('sha256')
    .update(lines.map(({ id }) => id).join(' '))
    .digest('base64url');

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
  const client = jetstream(bus.connection, { timeout: ackTimeoutMs });
  const encoder = new TextEncoder();
  const group = createGroupCommit<EncodedEvent>({
    write: async (batch) => {
      const payload = encoder.encode(`[${batch.map(({ json }) => json).join(',')}]`);
      const acknowledgement = await client.publish(subjects.usage, payload, { msgID: batchId(batch) });
      // Servers have answered "duplicate" for messages they never stored: sequence 0 is no acknowledgement.
      if (acknowledgement.seq <= 0) throw new Error('JetStream acknowledged with sequence 0');
    },
    sizeOf: ({ json }) => json.length * 2,
    maxBatchEntries: 200,
    maxBatchBytes,
    maxWaitingEntries: 20_000,
    retryDelayMs: 250,
    sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
    onRetry,
  });
  return {
    publish: (event) => group.add({ id: event.id, json: JSON.stringify(event) }),
    get pending() {
      return group.pending;
    },
    idle: () => group.idle(),
  };
};
