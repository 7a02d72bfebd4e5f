import { headers } from '@nats-io/transport-node';
import type { NatsBus } from './nats-bus.ts';
import { createStreamInbox } from './stream-inbox.ts';

/**
 * Publishes to a stream and waits for the acknowledgement. The library's own publish costs three times as much,
 * for a request, an error with a stack and a timer of its own each time.
 * Rejects when it is refused, or not acknowledged within `timeoutMs`: it may be stored all the same.
 */
export const createStreamPublisher = (bus: NatsBus, timeoutMs: number, onError: (error: unknown) => void) => {
  const inbox = createStreamInbox(bus, timeoutMs, onError);

  return async (subject: string, payload: Uint8Array, messageId: string): Promise<void> => {
    const { reply, answer } = inbox.expect();
    const withId = headers();
    withId.set('Nats-Msg-Id', messageId);
    bus.connection.publish(subject, payload, { reply, headers: withId });
    const answered = await answer;
    if (answered.outcome === 'refused') throw new Error(`JetStream refused: ${answered.description}`);
  };
};
