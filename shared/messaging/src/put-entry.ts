import { JetStreamApiError } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsBus } from './nats-bus.ts';

export type PutEntryOutcome =
  | { readonly outcome: 'written'; readonly revision: number }
  /** The entry is of another revision by now. */
  | { readonly outcome: 'lost_race' };

/** Entries of one bucket, written by compare-and-set only. */
export interface EntryWriter {
  /** Writes over this revision and no other; 0: there must be no entry. Rejects when it is not known what became of it. */
  put(key: string, value: string, expectedRevision: number): Promise<PutEntryOutcome>;
}

/** "wrong last sequence", with and without the number. */
const wrongLastSequence: ReadonlySet<number> = new Set([10_071, 10_164]);

const write = (kv: KV, key: string, value: string, expectedRevision: number): Promise<number> =>
  expectedRevision === 0 ? kv.create(key, value) : kv.update(key, value, expectedRevision);

/** Creates the bucket where there is none. */
export const openEntryWriter = async (
  bus: NatsBus,
  target: { readonly bucket: string; readonly replicas: number },
): Promise<EntryWriter> => {
  const kv = await new Kvm(bus.connection).create(target.bucket, { history: 8, replicas: target.replicas });
  return {
    put: async (key, value, expectedRevision) => {
      try {
        return { outcome: 'written', revision: await write(kv, key, value, expectedRevision) };
      } catch (error) {
        if (error instanceof JetStreamApiError && wrongLastSequence.has(error.code))
          return { outcome: 'lost_race' };
        throw error;
      }
    },
  };
};
