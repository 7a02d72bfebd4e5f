import { connect, type Msg, type NatsConnection, RequestError, TimeoutError } from '@nats-io/transport-node';
import type {
  Bus,
  BusMessage,
  BusStatus,
  BusSubscription,
  Handler,
  RequestOutcome,
  SubscribeOptions,
} from './bus.ts';
import { withDeadline } from './deadline.ts';
import { createOutbox, type Outbox, type Publish } from './nats-outbox.ts';

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
  handler: Handler,
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

class Connection implements NatsBus {
  readonly connection: NatsConnection;
  connected = true;
  #options: NatsBusOptions;
  #outbox: Outbox;
  #listeners = new Set<(status: BusStatus) => void>();
  #closing = false;

  constructor(connection: NatsConnection, options: NatsBusOptions) {
    this.connection = connection;
    this.#options = options;
    this.#outbox = createOutbox(connection, options.onError);
    watchStatus(connection, options, (status) => this.#announce(status));
    connection
      .closed()
      .then((error) => {
        this.connected = false;
        if (!this.#closing) options.onClosed(error);
      })
      .catch((error) => options.onError(error, 'bus close'));
  }

  get maxPayloadBytes(): number {
    return this.connection.info?.max_payload ?? 1_048_576;
  }

  publish(subject: string, payload: Uint8Array, replyTo?: string): void {
    // While disconnected nats.js does not check, and the server would cut the connection later.
    if (payload.byteLength > this.maxPayloadBytes) {
      throw new RangeError(
        `payload of ${payload.byteLength} bytes for ${subject}: max is ${this.maxPayloadBytes}`,
      );
    }
    this.#outbox.publish(subject, payload, replyTo);
  }

  subscribe(subject: string, handler: Handler, options?: SubscribeOptions): BusSubscription {
    return subscribeGuarded(
      this.connection,
      this.#outbox.publish,
      this.#options,
      subject,
      handler,
      options?.queue,
    );
  }

  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<RequestOutcome> {
    this.#outbox.send();
    return requestOnce(this.connection, subject, payload, timeoutMs);
  }

  flush(timeoutMs: number): Promise<void> {
    this.#outbox.send();
    return withDeadline(this.connection.flush(), timeoutMs, 'bus flush');
  }

  onStatus(listener: (status: BusStatus) => void): void {
    this.#listeners.add(listener);
  }

  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    if (this.connection.isClosed()) return;
    this.#outbox.send();
    try {
      await withDeadline(this.connection.drain(), timeoutMs, 'bus drain');
    } catch {
      await this.connection.close();
    }
  }

  #announce(status: BusStatus): void {
    this.connected = status === 'connected';
    for (const listener of this.#listeners) {
      // One that throws must not end the watch over the connection.
      try {
        listener(status);
      } catch (error) {
        this.#options.onError(error, 'bus status listener');
      }
    }
  }
}

/** Connects, waiting for the server as long as it takes. */
export const connectNatsBus = async (options: NatsBusOptions): Promise<NatsBus> =>
  new Connection(await connect(connectionOptions(options)), options);
