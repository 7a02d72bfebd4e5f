import {
  type Checkpoint,
  type CheckpointSlot,
  checkpointPrefix,
  decodeCheckpoint,
  encodeCheckpoint,
  readLedgerMessage,
} from '@weir/ledger';
import type { CheckpointBucket } from '@weir/messaging';
import type { ReadableLog } from './read-log.ts';

/** Totals as of a commit, so that the ledger need not be read from its start. */
export interface Checkpoints {
  /** Undefined: there is none that belongs to this ledger. */
  load(): Promise<Checkpoint | undefined>;
  save(checkpoint: Checkpoint): Promise<void>;
}

const isOfLedger = async (ledger: ReadableLog, { sequence, hash }: Checkpoint): Promise<boolean> => {
  const read = await ledger.read({ from: sequence, limit: 1 });
  if (read.outcome === 'away') throw new Error(read.why);
  const [message] = read.messages;
  if (message?.sequence !== sequence) return false;
  const found = readLedgerMessage(message.subject, message.data);
  return found.kind === 'commit' && found.commit.hash === hash;
};

export const createCheckpoints = (bucket: CheckpointBucket, ledger: ReadableLog): Checkpoints => {
  let nextSlot: CheckpointSlot = 0;
  return {
    load: async () => {
      const decoded = decodeCheckpoint(await bucket.load(checkpointPrefix));
      if (decoded.outcome === 'none') return undefined;
      nextSlot = decoded.slot === 0 ? 1 : 0;
      return (await isOfLedger(ledger, decoded.checkpoint)) ? decoded.checkpoint : undefined;
    },
    save: async (checkpoint) => {
      await bucket.save(encodeCheckpoint(checkpoint, nextSlot));
      nextSlot = nextSlot === 0 ? 1 : 0;
    },
  };
};
