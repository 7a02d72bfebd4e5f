import { AckPolicy, DeliverPolicy, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream';
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
  readonly onError: (error: unknown) => void;
}

const decodeBatch = (message: JsMsg): UsageEvent[] | undefined => {
  try {
    const value: unknown = JSON.parse(message.string());
    return Array.isArray(value) ? (value as UsageEvent[]) : undefined;
  } catch {
    return undefined;
  }
};

const handle = (message: JsMsg, options: UsageConsumerOptions): void => {
  const events = decodeBatch(message);
  if (events === undefined) {
    options.onPoison(`message ${message.seq} of ${streams.usage} is not a batch of events`);
    message.term('not a batch of events');
    return;
  }
  try {
    options.onBatch(events);
    message.ack();
  } catch (error) {
    options.onError(error);
    message.nak(1_000);
  }
};

/** Follows the USAGE stream with a durable pull consumer, one batch at a time. */
export const followUsage = async (options: UsageConsumerOptions): Promise<{ stop(): Promise<void> }> => {
  const manager = await jetstreamManager(options.bus.connection, { timeout: 5_000 });
  await manager.consumers.add(streams.usage, {
    durable_name: options.durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: 30 * 1_000_000_000,
    max_ack_pending: 10_000,
  });
  const consumer = await jetstream(options.bus.connection).consumers.get(streams.usage, options.durable);
  const messages = await consumer.consume({
    max_messages: 200,
    // Without it a consumer that was deleted is silence for ever.
    abort_on_missing_resource: true,
  });
  const follow = async () => {
    for await (const message of messages) handle(message, options);
  };
  follow().catch(options.onError);
  return {
    stop: async () => {
      await messages.close();
    },
  };
};
