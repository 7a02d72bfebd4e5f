import { JetStreamApiError } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { buckets } from '@weir/contracts';
import type { NatsBus } from './nats-bus.ts';

/** How far a reader of a stream has come. */
export interface LogPosition {
  /** When the stream was created, RFC 3339: sequences mean nothing in another one. */
  readonly epoch: string;
  /** Everything up to and with it is dealt with. */
  readonly sequence: number;
}

/** The position of one reader, kept where other replicas find it. */
export interface LogPositions {
  /** Undefined: it has none yet. */
  read(): Promise<LogPosition | undefined>;
  /** Writes `to` if `from` is what `read` or `advance` has seen last, and is still there; undefined: none was. */
  advance(from: LogPosition | undefined, to: LogPosition): Promise<'advanced' | 'moved'>;
}

/** "wrong last sequence", with and without the right one. https://github.com/nats-io/nats-server/blob/main/server/errors.json */
const wrongLastSequence: ReadonlySet<number> = new Set([10_071, 10_164]);

const isPosition = (value: unknown): value is LogPosition => {
  const position = value as Partial<LogPosition> | null;
  return typeof position?.epoch === 'string' && Number.isSafeInteger(position.sequence);
};

const isSame = (one: LogPosition | undefined, other: LogPosition | undefined): boolean =>
  one?.epoch === other?.epoch && one?.sequence === other?.sequence;

class KeyValuePositions implements LogPositions {
  #open: () => Promise<KV>;
  #key: string;
  #bucket: Promise<KV> | undefined;
  /** 0: there was none. */
  #revision = 0;
  #seen: LogPosition | undefined;

  constructor(key: string, open: () => Promise<KV>) {
    this.#key = key;
    this.#open = open;
  }

  async read(): Promise<LogPosition | undefined> {
    const entry = await (await this.#connected()).get(this.#key);
    // A replica of the bucket that lags answers with what we have moved on from.
    if (this.#seen && (entry?.revision ?? 0) < this.#revision) return this.#seen;
    this.#revision = entry?.revision ?? 0;
    this.#seen = undefined;
    if (entry?.operation !== 'PUT') return undefined;
    const value = entry.json<unknown>();
    if (!isPosition(value))
      throw new Error(`entry ${this.#key} of bucket ${buckets.checkpoints} is no position`);
    this.#seen = value;
    return value;
  }

  async advance(from: LogPosition | undefined, to: LogPosition): Promise<'advanced' | 'moved'> {
    if (!isSame(from, this.#seen)) return 'moved';
    const bucket = await this.#connected();
    try {
      this.#revision = await bucket.put(this.#key, JSON.stringify(to), { previousSeq: this.#revision });
    } catch (error) {
      if (!(error instanceof JetStreamApiError && wrongLastSequence.has(error.code))) throw error;
      // Whatever is found next counts.
      this.#revision = 0;
      return 'moved';
    }
    this.#seen = to;
    return 'advanced';
  }

  async #connected(): Promise<KV> {
    this.#bucket ??= this.#open();
    try {
      return await this.#bucket;
    } catch (error) {
      this.#bucket = undefined;
      throw error;
    }
  }
}

export const createLogPositions = (bus: NatsBus, target: { key: string; replicas: number }): LogPositions =>
  new KeyValuePositions(target.key, () =>
    new Kvm(bus.connection).create(buckets.checkpoints, { history: 1, replicas: target.replicas }),
  );
