import { type KV, Kvm } from '@nats-io/kv';
import type { NatsBus } from './nats-bus.ts';

/** One key of a bucket, with compare-and-set. */
export interface WatchedValue {
  readonly value: string;
  /** Revision of the bucket; a later value has a higher one. */
  readonly revision: number;
}

const openBucket = (bus: NatsBus, bucket: string, replicas: number): Promise<KV> =>
  new Kvm(bus.connection).create(bucket, { history: 8, replicas });

/** Writes `value` unless the key holds it already. Another writer that was quicker wins. */
export const putIfChanged = async (
  bus: NatsBus,
  target: { bucket: string; key: string; replicas: number },
  value: string,
): Promise<'written' | 'unchanged' | 'lost_race'> => {
  const kv = await openBucket(bus, target.bucket, target.replicas);
  const current = await kv.get(target.key);
  if (current && current.operation === 'PUT' && current.string() === value) return 'unchanged';
  try {
    if (current) await kv.update(target.key, value, current.revision);
    else await kv.create(target.key, value);
    return 'written';
  } catch {
    return 'lost_race';
  }
};

/** The value of the key; creates it with `initial` when there is none. All callers get the same value. */
export const getOrCreate = async (
  bus: NatsBus,
  target: { bucket: string; key: string; replicas: number },
  initial: string,
): Promise<string> => {
  const kv = await openBucket(bus, target.bucket, target.replicas);
  const current = await kv.get(target.key);
  if (current && current.operation === 'PUT') return current.string();
  try {
    await kv.create(target.key, initial);
    return initial;
  } catch {
    const winner = await kv.get(target.key);
    if (!winner) throw new Error(`cannot read ${target.key} of bucket ${target.bucket}`);
    return winner.string();
  }
};

/** Calls `onValue` with the present value and with each later one, never with an older revision. */
export const watchKey = async (
  bus: NatsBus,
  target: { bucket: string; key: string; replicas: number },
  onValue: (value: WatchedValue) => void,
  onError: (error: unknown) => void,
): Promise<{ stop(): void }> => {
  const kv = await openBucket(bus, target.bucket, target.replicas);
  const entries = await kv.watch({ key: target.key });
  let newest = 0;
  const follow = async () => {
    for await (const entry of entries) {
      if (entry.operation !== 'PUT' || entry.revision <= newest) continue;
      newest = entry.revision;
      try {
        onValue({ value: entry.string(), revision: entry.revision });
      } catch (error) {
        onError(error);
      }
    }
  };
  follow().catch(onError);
  return { stop: () => entries.stop() };
};
