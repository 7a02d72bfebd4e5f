import { headers } from '@nats-io/transport-node';
import type { NatsBus } from './nats-bus.ts';
import { createStreamInbox } from './stream-inbox.ts';

/** Publishes to a stream that takes one message for each subject: whoever comes first has said it for all. */
export interface OncePublisher {
  /** Rejects when it is refused for another reason, or not acknowledged: publish it again. */
  publish(subject: string, payload: Uint8Array, messageId: string): Promise<'stored' | 'already_stored'>;
  close(): void;
}

/** "maximum messages per subject exceeded"; the same code with another text means that the stream is full. */
const limitReached = 10_077;

export const createOncePublisher = (
  bus: NatsBus,
  timeoutMs: number,
  onError: (error: unknown) => void,
): OncePublisher => {
  const inbox = createStreamInbox(bus, timeoutMs, onError);
  return {
    publish: async (subject, payload, messageId) => {
      const { reply, answer } = inbox.expect();
      const withId = headers();
      withId.set('Nats-Msg-Id', messageId);
      bus.connection.publish(subject, payload, { reply, headers: withId });
      const answered = await answer;
      if (answered.outcome === 'stored') return answered.duplicate ? 'already_stored' : 'stored';
      const { code, description } = answered;
      if (code === limitReached && description.includes('per subject')) return 'already_stored';
      throw new Error(`JetStream refused ${subject}: ${description}`);
    },
    close: inbox.close,
  };
};
