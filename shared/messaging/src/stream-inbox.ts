import { createInbox, type Msg } from '@nats-io/transport-node';
import type { NatsBus } from './nats-bus.ts';
import { PassingMap } from './passing-map.ts';

/** JetStream's answer to a publish. https://docs.nats.io/reference/reference-protocols/nats_api_reference */
export type StreamAnswer =
  | { readonly outcome: 'stored'; readonly sequence: number; readonly duplicate: boolean }
  | { readonly outcome: 'refused'; readonly code: number; readonly description: string };

/** Where the answers to publishes arrive, each on a subject of its own. */
export interface StreamInbox {
  /**
   * A reply subject, and the answer to what is published with it. Rejects when there is none within the time limit:
   * the message may be stored all the same. An empty answer settles nothing: it acknowledges part of a batch.
   */
  expect(): { readonly reply: string; readonly answer: Promise<StreamAnswer> };
  close(): void;
}

interface Waiting {
  readonly resolve: (answer: StreamAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

interface PublishAcknowledgement {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

/** Not an error code of JetStream: nobody listened, or the answer made no sense. */
const noCode = 0;

const refused = (description: string, code = noCode): StreamAnswer => ({
  outcome: 'refused',
  code,
  description,
});

const readAnswer = (message: Msg): StreamAnswer => {
  if (message.headers?.code === 503) return refused('JetStream does not listen');
  let acknowledgement: PublishAcknowledgement;
  try {
    acknowledgement = message.json();
  } catch {
    return refused('an acknowledgement that is not JSON');
  }
  const { error, seq = 0, duplicate = false } = acknowledgement;
  if (error) return refused(error.description ?? 'unknown error', error.err_code);
  // Servers have answered "duplicate" for messages they never stored: sequence 0 is no acknowledgement.
  return seq > 0
    ? { outcome: 'stored', sequence: seq, duplicate }
    : refused('JetStream acknowledged with sequence 0');
};

export const createStreamInbox = (
  bus: NatsBus,
  timeoutMs: number,
  onError: (error: unknown) => void,
): StreamInbox => {
  const inbox = createInbox();
  const waiting = new PassingMap<string, Waiting>();
  let count = 0;

  const take = (message: Msg): void => {
    const isPart = message.data.byteLength === 0 && (message.headers?.code ?? 0) === 0;
    const entry = isPart ? undefined : waiting.get(message.subject);
    if (!entry) return;
    waiting.delete(message.subject);
    clearTimeout(entry.timer);
    entry.resolve(readAnswer(message));
  };

  const subscription = bus.connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      // What escapes from here would make the connection deaf.
      try {
        if (error) throw error;
        take(message);
      } catch (thrown) {
        onError(thrown);
      }
    },
  });

  const expect = (): ReturnType<StreamInbox['expect']> => {
    count += 1;
    const reply = `${inbox}.${count}`;
    const answer = new Promise<StreamAnswer>((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(reply);
        reject(new Error(`JetStream did not acknowledge within ${timeoutMs} ms`));
      }, timeoutMs);
      waiting.set(reply, { resolve, reject, timer });
    });
    // Who could not even publish does not wait for it.
    answer.catch(() => undefined);
    return { reply, answer };
  };

  const close = (): void => {
    subscription.unsubscribe();
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer);
      reject(new Error('the publisher was closed'));
    }
    waiting.clear();
  };
  return { expect, close };
};
