import { Kvm } from '@nats-io/kv';
import { buckets } from '@weir/contracts';
import type { NatsBus } from './nats-bus.ts';

/** Where parts of a checkpoint are kept. What they say, and which of them belong together, is their reader's to know. */
export interface CheckpointBucket {
  /** All entries whose keys begin with the prefix and a dot, in no order. */
  load(prefix: string): Promise<readonly Uint8Array[]>;
  /** Writes one entry after the other. Rejects at the first that is not acknowledged. */
  save(entries: readonly { readonly key: string; readonly text: string }[]): Promise<void>;
}

/** Creates the bucket where there is none. */
export const openCheckpointBucket = async (
  bus: NatsBus,
  options: { readonly replicas: number },
): Promise<CheckpointBucket> => {
  const kv = await new Kvm(bus.connection).create(buckets.checkpoints, {
    history: 1,
    replicas: options.replicas,
  });
  return {
    load: async (prefix) => {
      const keys: string[] = [];
      for await (const key of await kv.keys(`${prefix}.>`)) keys.push(key);
      const entries = await Promise.all(keys.map((key) => kv.get(key)));
      return entries.flatMap((entry) => (entry?.operation === 'PUT' ? [entry.value] : []));
    },
    save: async (entries) => {
      for (const { key, text } of entries) await kv.put(key, text);
    },
  };
};
