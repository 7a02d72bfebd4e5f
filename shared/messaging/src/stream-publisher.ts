import { createInbox, headers, type Msg } from '@nats-io/transport-node';
import type { NatsBus } from './nats-bus.ts';

/** JetStream's answer to a publish. https://docs.nats.io/reference/reference-protocols/nats_api_reference */
interface PublishAcknowledgement {
  readonly seq?: number;
  readonly error?: { readonly description?: string };
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const readAcknowledgement = (message: Msg): PublishAcknowledgement => {
  try {
    return message.json();
  } catch {
    return { error: { description: 'an acknowledgement that is not JSON' } };
  }
};

const problemOf = (message: Msg): string | undefined => {
  if (message.headers?.code === 503) return 'JetStream does not listen';
  const acknowledgement = readAcknowledgement(message);
  if (acknowledgement.error)
    return `JetStream refused: ${acknowledgement.error.description ?? 'unknown error'}`;
  // Servers have answered "duplicate" for messages they never stored: sequence 0 is no acknowledgement.
  return (acknowledgement.seq ?? 0) > 0 ? undefined : 'JetStream acknowledged with sequence 0';
};

/**
 * Publishes to a stream and waits for the acknowledgement. The library's own publish costs three times as much,
 * for a request, an error with a stack and a timer of its own each time.
 * Rejects when it is refused, or not acknowledged within `timeoutMs`: it may be stored all the same.
 */
export const createStreamPublisher = (bus: NatsBus, timeoutMs: number, onError: (error: unknown) => void) => {
  const inbox = createInbox();
  const waiting = new Map<string, Waiting>();
  let count = 0;

  const settle = (message: Msg): void => {
    const entry = waiting.get(message.subject);
    if (!entry) return;
    waiting.delete(message.subject);
    clearTimeout(entry.timer);
    const problem = problemOf(message);
    if (problem === undefined) entry.resolve();
    else entry.reject(new Error(problem));
  };

  bus.connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      // What escapes from here would make the connection deaf.
      try {
        if (error) throw error;
        settle(message);
      } catch (thrown) {
        onError(thrown);
      }
    },
  });

  return (subject: string, payload: Uint8Array, messageId: string): Promise<void> =>
    new Promise((resolve, reject) => {
      count += 1;
      const reply = `${inbox}.${count}`;
      const timer = setTimeout(() => {
        waiting.delete(reply);
        reject(new Error(`JetStream did not acknowledge within ${timeoutMs} ms`));
      }, timeoutMs);
      waiting.set(reply, { resolve, reject, timer });
      const withId = headers();
      withId.set('Nats-Msg-Id', messageId);
      bus.connection.publish(subject, payload, { reply, headers: withId });
    });
};
