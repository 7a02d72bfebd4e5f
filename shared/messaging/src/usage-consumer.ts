import { AckPolicy, DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import { createInbox, type Msg } from '@nats-io/transport-node';
import { streams, type UsageEvent } from '@weir/contracts';
import type { NatsBus } from './nats-bus.ts';

export interface UsageConsumerOptions {
  readonly bus: NatsBus;
  /** Durable name: replicas of one service share it. */
  readonly durable: string;
  /** One stored batch. It is acknowledged when this returns, and comes again when it throws. */
  readonly onBatch: (events: readonly UsageEvent[]) => void;
  /** A message that cannot be read is taken off the stream's consumer, and reported here. */
  readonly onPoison: (problem: string) => void;
  /** The consumer cannot be read any more; nothing is followed from here on. */
  readonly onError: (error: unknown) => void;
}

/** Messages asked for at a time. */
const pullMessages = 256;
/** Pause when there was nothing more: what came meanwhile is one delivery, one wake-up and one write of acknowledgements. */
const pauseMs = 200;
/** A pull that has not ended by then is asked again; what it delivered stays delivered. */
const pullTimeoutMs = 2_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const pullRequest = encoder.encode(JSON.stringify({ batch: pullMessages, no_wait: true }));
/** https://docs.nats.io/using-nats/developer/develop_jetstream/consumers */
const answers = {
  ack: encoder.encode('+ACK'),
  later: encoder.encode('-NAK {"delay": 1000000000}'),
  never: encoder.encode('+TERM'),
};

const decodeBatch = (data: Uint8Array): UsageEvent[] | undefined => {
  try {
    const value: unknown = JSON.parse(decoder.decode(data));
    return Array.isArray(value) ? (value as UsageEvent[]) : undefined;
  } catch {
    return undefined;
  }
};

const handle = (message: Msg, options: UsageConsumerOptions): Uint8Array => {
  const events = decodeBatch(message.data);
  if (events === undefined) {
    options.onPoison(`a message of ${streams.usage} is not a batch of events`);
    return answers.never;
  }
  try {
    options.onBatch(events);
    return answers.ack;
  } catch (error) {
    options.onError(error);
    return answers.later;
  }
};

type PullEnd = 'more' | 'empty' | 'silent';

/** Reads the consumer by pulls that end at once when nothing is left. */
class UsagePuller {
  #options: UsageConsumerOptions;
  #inbox = createInbox();
  #received = 0;
  #end: PromiseWithResolvers<PullEnd> | undefined;
  #stopped = false;

  constructor(options: UsageConsumerOptions) {
    this.#options = options;
  }

  async follow(): Promise<void> {
    const subscription = this.#options.bus.connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        // What escapes from here would make the connection deaf.
        try {
          if (error) throw error;
          this.#take(message);
        } catch (thrown) {
          this.#end?.reject(thrown);
        }
      },
    });
    try {
      while (!this.#stopped) {
        const end = await this.#pull();
        if (end !== 'more') await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    } finally {
      subscription.unsubscribe();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#end?.resolve('silent');
  }

  async #pull(): Promise<PullEnd> {
    const end = Promise.withResolvers<PullEnd>();
    this.#end = end;
    this.#received = 0;
    const timer = setTimeout(() => end.resolve('silent'), pullTimeoutMs);
    const { bus, durable } = this.#options;
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${streams.usage}.${durable}`;
    bus.connection.publish(subject, pullRequest, { reply: this.#inbox });
    try {
      return await end.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #take(message: Msg): void {
    const code = message.headers?.code ?? 0;
    if (code === 404 || code === 408) return this.#end?.resolve('empty');
    if (code !== 0) throw new Error(`the consumer cannot be read: ${code} ${message.headers?.description}`);
    message.respond(handle(message, this.#options));
    this.#received += 1;
    if (this.#received >= pullMessages) this.#end?.resolve('more');
  }
}

/** Follows the USAGE stream with a durable consumer, some hundred milliseconds behind it. */
export const followUsage = async (options: UsageConsumerOptions): Promise<{ stop(): Promise<void> }> => {
  const manager = await jetstreamManager(options.bus.connection, { timeout: 5_000 });
  await manager.consumers.add(streams.usage, {
    durable_name: options.durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: 30 * 1_000_000_000,
    max_ack_pending: 10_000,
  });
  const puller = new UsagePuller(options);
  const following = puller.follow().catch(options.onError);
  return {
    stop: async () => {
      puller.stop();
      await following;
    },
  };
};
