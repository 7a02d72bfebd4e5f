import { connect, type Msg, type NatsConnection, RequestError, TimeoutError } from '@nats-io/transport-node';
import type { Bus, BusMessage, BusStatus, BusSubscription, RequestOutcome } from './bus.ts';
import { withDeadline } from './deadline.ts';

export interface NatsBusOptions {
  /** One or more servers, `nats://host:port`. */
  readonly servers: readonly string[];
  /** Connection name, seen in the server's monitoring. */
  readonly name: string;
  readonly user?: string;
  readonly password?: string;
  /** Called with what a handler threw, and with errors that the server reports out of band. */
  readonly onError: (error: unknown, where: string) => void;
  /** The connection is closed for good, and not by us. The process cannot go on. */
  readonly onClosed: (error: unknown) => void;
}

export interface NatsBus extends Bus {
  /** For JetStream and key-value, which this package alone may build on it. */
  readonly connection: NatsConnection;
}

const statusNoResponders = 503;

type Publish = (subject: string, payload: Uint8Array, replyTo?: string) => void;

/**
 * Gathers what is published while one turn of the event loop lasts, so that it leaves in one write.
 * nats.js alone gathers for a microtask only, and a write costs more than all the rest of a publish.
 */
const createOutbox = (
  connection: NatsConnection,
  onError: NatsBusOptions['onError'],
): { publish: Publish; send: () => void } => {
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

const toBusMessage = (message: Msg, publish: Publish): BusMessage => ({
  subject: message.subject,
  data: message.data,
  get reply() {
    return message.reply;
  },
  get noResponders() {
    return message.data.byteLength === 0 && message.headers?.code === statusNoResponders;
  },
  respond: (payload) => {
    if (message.reply) publish(message.reply, payload);
  },
});

/** nats.js closes a client for good after ten failed dials and goes deaf on a throwing callback: see reference settings. */
const connectionOptions = (options: NatsBusOptions) => ({
  servers: [...options.servers],
  name: options.name,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 250,
  reconnectJitter: 500,
  waitOnFirstConnect: true,
  pingInterval: 15_000,
  maxPingOut: 2,
  timeout: 5_000,
  noAsyncTraces: true,
  ...(options.user === undefined ? {} : { user: options.user, pass: options.password ?? '' }),
});

const watchStatus = (
  connection: NatsConnection,
  options: NatsBusOptions,
  announce: (status: BusStatus) => void,
): void => {
  const follow = async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') announce('disconnected');
      else if (status.type === 'reconnect') announce('connected');
      else if (status.type === 'error') options.onError(status.error, 'bus');
      // Lame duck: the server is going away; move before it does.
      else if (status.type === 'ldm') connection.reconnect().catch((error) => options.onError(error, 'bus'));
    }
  };
  follow().catch((error) => options.onError(error, 'bus status'));
};

const subscribeGuarded = (
  connection: NatsConnection,
  publish: Publish,
  options: NatsBusOptions,
  subject: string,
  handler: (message: BusMessage) => void | Promise<void>,
  queue: string | undefined,
): BusSubscription => {
  const fail = (error: unknown) => options.onError(error, `handler of ${subject}`);
  const subscription = connection.subscribe(subject, {
    ...(queue === undefined ? {} : { queue }),
    // One exception that escapes from here makes the whole connection deaf (reference/nats, fact 3).
    callback: (error, message) => {
      if (error) return fail(error);
      try {
        const pending = handler(toBusMessage(message, publish));
        if (pending) pending.catch(fail);
      } catch (thrown) {
        fail(thrown);
      }
    },
  });
  return {
    drain: () => (subscription.isClosed() ? Promise.resolve() : subscription.drain()),
    close: () => subscription.unsubscribe(),
  };
};

const requestOnce = async (
  connection: NatsConnection,
  subject: string,
  payload: Uint8Array,
  timeoutMs: number,
): Promise<RequestOutcome> => {
  try {
    const answer = await connection.request(subject, payload, { timeout: timeoutMs });
    return { outcome: 'answered', data: answer.data };
  } catch (error) {
    if (error instanceof RequestError && error.isNoResponders()) return { outcome: 'no_responders' };
    if (error instanceof TimeoutError) return { outcome: 'timed_out' };
    return { outcome: 'failed', cause: error };
  }
};

/** Connects, waiting for the server as long as it takes. */
export const connectNatsBus = async (options: NatsBusOptions): Promise<NatsBus> => {
  const connection = await connect(connectionOptions(options));
  const outbox = createOutbox(connection, options.onError);
  const listeners = new Set<(status: BusStatus) => void>();
  let connected = true;
  let closing = false;
  watchStatus(connection, options, (status) => {
    connected = status === 'connected';
    for (const listener of listeners) {
      // One that throws must not end the watch.
      try {
        listener(status);
      } catch (error) {
        options.onError(error, 'bus status listener');
      }
    }
  });
  connection
    .closed()
    .then((error) => {
      connected = false;
      if (!closing) options.onClosed(error);
    })
    .catch((error) => options.onError(error, 'bus close'));
  const maxPayloadBytes = () => connection.info?.max_payload ?? 1_048_576;
  return {
    connection,
    get connected() {
      return connected;
    },
    get maxPayloadBytes() {
      return maxPayloadBytes();
    },
    publish: (subject, payload, replyTo) => {
      // While disconnected nats.js does not check, and the server would cut the connection later.
      if (payload.byteLength > maxPayloadBytes()) {
        throw new RangeError(
          `payload of ${payload.byteLength} bytes for ${subject}: max is ${maxPayloadBytes()}`,
        );
      }
      outbox.publish(subject, payload, replyTo);
    },
    subscribe: (subject, handler, subscribeOptions) =>
      subscribeGuarded(connection, outbox.publish, options, subject, handler, subscribeOptions?.queue),
    request: (subject, payload, timeoutMs) => {
      outbox.send();
      return requestOnce(connection, subject, payload, timeoutMs);
    },
    flush: (timeoutMs) => {
      outbox.send();
      return withDeadline(connection.flush(), timeoutMs, 'bus flush');
    },
    onStatus: (listener) => {
      listeners.add(listener);
    },
    close: async (timeoutMs) => {
      closing = true;
      if (connection.isClosed()) return;
      outbox.send();
      try {
        await withDeadline(connection.drain(), timeoutMs, 'bus drain');
      } catch {
        await connection.close();
      }
    },
  };
};
