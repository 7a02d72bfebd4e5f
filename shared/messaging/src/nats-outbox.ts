import type { NatsConnection } from '@nats-io/transport-node';

export type Publish = (subject: string, payload: Uint8Array, replyTo?: string) => void;

export interface Outbox {
  readonly publish: Publish;
  /** Hands over now what waits for the end of the turn. */
  readonly send: () => void;
}

/**
 * Gathers what is published while one turn of the event loop lasts, so that it leaves in one write.
 * nats.js alone gathers for a microtask only, and a write costs more than all the rest of a publish.
 */
export const createOutbox = (
  connection: NatsConnection,
  onError: (error: unknown, where: string) => void,
): Outbox => {
  let waiting: { subject: string; payload: Uint8Array; replyTo: string | undefined }[] = [];
  const send = (): void => {
    const batch = waiting;
    waiting = [];
    for (const { subject, payload, replyTo } of batch) {
      if (connection.isClosed()) return;
      try {
        connection.publish(subject, payload, replyTo === undefined ? undefined : { reply: replyTo });
      } catch (error) {
        onError(error, `publish to ${subject}`);
      }
    }
  };
  return {
    publish: (subject, payload, replyTo) => {
      if (waiting.length === 0) setImmediate(send);
      waiting.push({ subject, payload, replyTo });
    },
    send,
  };
};
