import { DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { streams, subjects } from '@weir/contracts';
import type { NatsBus } from './nats-bus.ts';

const nanosPerSecond = 1_000_000_000;
const secondsPerDay = 86_400;

/**
 * Creates the streams that do not exist yet. One that exists is left as it is: its settings are the operator's.
 * Resolves when JetStream has answered; rejects when it is not there.
 */
export const ensureStreams = async (bus: NatsBus, options: { replicas: number }): Promise<void> => {
  const manager = await jetstreamManager(bus.connection, { timeout: 5_000 });
  const names = new Set<string>();
  for await (const stream of manager.streams.list()) names.add(stream.config.name);
  if (names.has(streams.usage)) return;
  try {
    await manager.streams.add({
      name: streams.usage,
      subjects: [subjects.usages],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      num_replicas: options.replicas,
      max_age: 40 * secondsPerDay * nanosPerSecond,
      duplicate_window: 600 * nanosPerSecond,
      max_msg_size: 64 * 1024,
      deny_delete: true,
      deny_purge: true,
    });
  } catch (error) {
    // Another replica may have been quicker.
    await manager.streams.info(streams.usage).catch(() => {
      throw error;
    });
  }
};
