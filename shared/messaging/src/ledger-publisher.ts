import { randomUUID } from 'node:crypto';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { NatsBus } from './nats-bus.ts';
import { createStreamInbox, type StreamAnswer } from './stream-inbox.ts';

export interface LedgerMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
}

export type AppendOutcome =
  | { readonly outcome: 'appended'; readonly lastSequence: number }
  /** Somebody else has written. `lastSequence` is the stream's own, where the server named it. */
  | { readonly outcome: 'conflict'; readonly lastSequence: number | undefined };

/** Appends to a stream, all or nothing, and only behind a message of a known sequence. */
export interface LedgerPublisher {
  /**
   * Rejects when it is not known whether the unit is stored: read the end of the stream before going on.
   * Nothing is stored of a unit in conflict.
   */
  append(unit: readonly LedgerMessage[], expectedLastSequence: number): Promise<AppendOutcome>;
  close(): void;
}

/** Of one atomic batch. */
export const maxUnitMessages = 1_000;

/** "wrong last sequence: 3". https://github.com/nats-io/nats-server/blob/main/server/errors.json */
const wrongLastSequence = 10_071;

const toOutcome = (answer: StreamAnswer, sent: number, expectedLastSequence: number): AppendOutcome => {
  if (answer.outcome === 'stored') {
    if (answer.sequence === expectedLastSequence + sent)
      return { outcome: 'appended', lastSequence: answer.sequence };
    throw new Error(
      `JetStream stored ${sent} messages behind ${expectedLastSequence} and says the last is ${answer.sequence}`,
    );
  }
  if (answer.code !== wrongLastSequence)
    throw new Error(`JetStream refused the unit: ${answer.code} ${answer.description}`);
  const found = /(\d+)$/.exec(answer.description)?.[1];
  return { outcome: 'conflict', lastSequence: found === undefined ? undefined : Number(found) };
};

/** Headers of an atomic batch: https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-50.md */
const headersOf = (position: number, count: number, batch: string, expectedLastSequence: number): MsgHdrs => {
  const fields = headers();
  if (position === 1) fields.set('Nats-Expected-Last-Sequence', String(expectedLastSequence));
  if (count === 1) return fields;
  fields.set('Nats-Batch-Id', batch);
  fields.set('Nats-Batch-Sequence', String(position));
  if (position === count) fields.set('Nats-Batch-Commit', '1');
  return fields;
};

export const createLedgerPublisher = (
  bus: NatsBus,
  timeoutMs: number,
  onError: (error: unknown) => void,
): LedgerPublisher => {
  const inbox = createStreamInbox(bus, timeoutMs, onError);
  return {
    append: async (unit, expectedLastSequence) => {
      if (unit.length === 0 || unit.length > maxUnitMessages) {
        throw new RangeError(`a unit of ${unit.length} messages: 1 to ${maxUnitMessages} are possible`);
      }
      const batch = randomUUID();
      const { reply, answer } = inbox.expect();
      unit.forEach(({ subject, payload }, index) => {
        const position = index + 1;
        // The first message asks for an answer too, so that a batch that cannot even begin is refused at once.
        const answers = position === 1 || position === unit.length;
        bus.connection.publish(subject, payload, {
          headers: headersOf(position, unit.length, batch, expectedLastSequence),
          ...(answers ? { reply } : {}),
        });
      });
      return toOutcome(await answer, unit.length, expectedLastSequence);
    },
    close: inbox.close,
  };
};
