import { jetstreamManager } from '@nats-io/jetstream';
import { createInbox, type Msg } from '@nats-io/transport-node';
import type { NatsBus } from './nats-bus.ts';
import { PassingMap } from './passing-map.ts';

/** A stored message. */
export interface LogMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
  /** When it was stored, milliseconds since the epoch by the server's clock. */
  readonly at: number;
}

export interface LogInfo {
  /** When the stream was created, RFC 3339. Sequences mean nothing in a stream of another epoch. */
  readonly epoch: string;
  /** Sequence of the first message that is there; one above `last` when there is none. */
  readonly first: number;
  /** 0 when nothing was ever stored. */
  readonly last: number;
}

export interface LogRequest {
  /** Reading begins with the first message of this sequence or above… */
  readonly from: number;
  /** …and of this time or later, milliseconds since the epoch, when it is given. `from` is not looked at then. */
  readonly fromTime?: number;
  /** Subject, or pattern of subjects. Absent: all. */
  readonly subject?: string;
  /** Most messages. Default 256. */
  readonly limit?: number;
}

export type LogRead =
  /** In order and without a gap within. Empty: there is nothing (yet). `pending`: so many there were behind them. */
  | { readonly outcome: 'read'; readonly messages: readonly LogMessage[]; readonly pending: number }
  /** Nobody answered, or not all of it arrived: ask again. */
  | { readonly outcome: 'away'; readonly why: string };

/** Reads a stream that allows direct access, without a consumer: nothing to create, to lose or to acknowledge. */
export interface LogReader {
  read(request: LogRequest): Promise<LogRead>;
  /** Asks the leader. Rejects when it does not answer, or when there is no such stream. */
  info(): Promise<LogInfo>;
  close(): void;
}

/** Default of `LogRequest.limit`. */
export const logBatchMessages = 256;
const batchBytes = 8 * 1024 * 1024;
const answerTimeoutMs = 5_000;
/** Status of the message behind the last one of a batch: https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-31.md */
const status = { endOfBatch: 204, nothing: 404, nobody: 503 };

interface Reading {
  readonly messages: LogMessage[];
  readonly end: (read: LogRead) => void;
}

const numberHeader = (message: Msg, name: string): number => Number(message.headers?.get(name) ?? Number.NaN);

const toLogMessage = (message: Msg): LogMessage => ({
  sequence: numberHeader(message, 'Nats-Sequence'),
  subject: message.headers?.get('Nats-Subject') ?? '',
  data: message.data,
  at: Date.parse(message.headers?.get('Nats-Time-Stamp') ?? ''),
});

const away = (why: string): LogRead => ({ outcome: 'away', why });

/** Each message of a batch, and its end, names the sequence of the message before it. */
const continues = ({ messages }: Reading, message: Msg): boolean =>
  numberHeader(message, 'Nats-Last-Sequence') === (messages.at(-1)?.sequence ?? 0);

const take = (reading: Reading, message: Msg, stream: string): void => {
  const code = message.headers?.code ?? 0;
  if (code === status.nothing) return reading.end({ outcome: 'read', messages: [], pending: 0 });
  if (code === status.nobody) return reading.end(away(`nobody serves stream ${stream}`));
  if (code !== 0 && code !== status.endOfBatch) {
    return reading.end(away(`stream ${stream} answers ${code} ${message.headers?.description}`));
  }
  if (!continues(reading, message))
    return reading.end(away(`messages of ${stream} were lost on their way here`));
  if (code === 0) {
    reading.messages.push(toLogMessage(message));
    return;
  }
  const pending = numberHeader(message, 'Nats-Num-Pending');
  reading.end({ outcome: 'read', messages: reading.messages, pending });
};

const toBody = ({ from, fromTime, subject, limit }: LogRequest): string =>
  JSON.stringify({
    ...(fromTime === undefined
      ? { seq: Math.max(from, 1) }
      : { start_time: new Date(fromTime).toISOString() }),
    batch: limit ?? logBatchMessages,
    max_bytes: batchBytes,
    ...(subject === undefined ? {} : { next_by_subj: subject }),
  });

class DirectReader implements LogReader {
  #bus: NatsBus;
  #stream: string;
  #inbox = createInbox();
  #readings = new PassingMap<string, Reading>();
  #count = 0;
  #subscription;

  constructor(bus: NatsBus, stream: string) {
    this.#bus = bus;
    this.#stream = stream;
    this.#subscription = bus.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => this.#take(error, message),
    });
  }

  read(request: LogRequest): Promise<LogRead> {
    this.#count += 1;
    const reply = `${this.#inbox}.${this.#count}`;
    return new Promise((resolve) => {
      const end = (read: LogRead): void => {
        clearTimeout(timer);
        this.#readings.delete(reply);
        resolve(read);
      };
      const timer = setTimeout(
        () => end(away(`stream ${this.#stream} did not answer within ${answerTimeoutMs} ms`)),
        answerTimeoutMs,
      );
      this.#readings.set(reply, { messages: [], end });
      try {
        this.#bus.connection.publish(`$JS.API.DIRECT.GET.${this.#stream}`, toBody(request), { reply });
      } catch (error) {
        end(away(String(error)));
      }
    });
  }

  async info(): Promise<LogInfo> {
    const manager = await jetstreamManager(this.#bus.connection, {
      timeout: answerTimeoutMs,
      checkAPI: false,
    });
    const { created, state, config } = await manager.streams.info(this.#stream);
    if (!config.allow_direct)
      throw new Error(`stream ${this.#stream} must have allow_direct on: it is read by it`);
    // The server says 0 of a stream in which nothing was ever stored.
    return { epoch: created, first: Math.max(state.first_seq, 1), last: state.last_seq };
  }

  close(): void {
    this.#subscription.unsubscribe();
    for (const { end } of this.#readings.values()) end(away('the reader was closed'));
  }

  /** What escapes from a callback would make the connection deaf. */
  #take(error: Error | null, message: Msg): void {
    if (error) {
      for (const { end } of this.#readings.values()) end(away(error.message));
      return;
    }
    const reading = this.#readings.get(message.subject);
    if (reading) take(reading, message, this.#stream);
  }
}

export const createLogReader = (bus: NatsBus, stream: string): LogReader => new DirectReader(bus, stream);
