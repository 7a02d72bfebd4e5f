import { isCount, isDecimal, isFields, parseJson } from './checks.ts';

/** Totals as of a ledger sequence. Disposable: reading the ledger from its start gives the same. */
export interface Checkpoint {
  /** When the USAGE stream was created, as in the ledger's commits. */
  readonly sourceEpoch: string;
  /** Ledger sequence of a commit: everything up to and with it is in the totals. */
  readonly sequence: number;
  /** That commit's hash: another ledger has another. */
  readonly hash: string;
  readonly totals: ReadonlyMap<string, bigint>;
}

/** Two slots, written in turn: while one is being overwritten, the other is whole. */
export type CheckpointSlot = 0 | 1;

/** A chunk of a checkpoint, and the key that it is kept under. */
export interface CheckpointChunk {
  readonly key: string;
  readonly text: string;
}

export type DecodedCheckpoint =
  | { readonly outcome: 'read'; readonly checkpoint: Checkpoint; readonly slot: CheckpointSlot }
  | { readonly outcome: 'none'; readonly problem: string };

export const checkpointPrefix = 'totals';

/** JetStream takes 1 MiB a message by default. Counters are ASCII by their schema, or three bytes a character at worst. */
const maxChunkCharacters = 160 * 1024;

const keyOf = (slot: CheckpointSlot, chunk: number): string => `${checkpointPrefix}.${slot}.${chunk}`;

const splitTotals = (totals: ReadonlyMap<string, bigint>): Record<string, string>[] => {
  let current: Record<string, string> = {};
  let characters = 0;
  const chunks = [current];
  for (const [counter, total] of totals) {
    const text = String(total);
    // Escaping makes a character six at worst, quotes and separators are six.
    const size = JSON.stringify(counter).length + text.length + 6;
    if (characters > 0 && characters + size > maxChunkCharacters) {
      current = {};
      characters = 0;
      chunks.push(current);
    }
    current[counter] = text;
    characters += size;
  }
  return chunks;
};

/** Chunks below 512 KiB each, all of them to be written, in any order. */
export const encodeCheckpoint = (
  { totals, ...head }: Checkpoint,
  slot: CheckpointSlot,
): readonly CheckpointChunk[] => {
  const parts = splitTotals(totals);
  return parts.map((part, chunk) => ({
    key: keyOf(slot, chunk),
    text: JSON.stringify({ v: 1, ...head, slot, chunk, chunks: parts.length, totals: part }),
  }));
};

interface StoredChunk extends Omit<Checkpoint, 'totals'> {
  readonly slot: CheckpointSlot;
  readonly chunk: number;
  readonly chunks: number;
  readonly totals: Readonly<Record<string, string>>;
}

const readChunk = (bytes: Uint8Array): StoredChunk | undefined => {
  const value = parseJson(bytes);
  if (!isFields(value) || value['v'] !== 1) return undefined;
  const { slot, chunk, chunks, sequence, totals } = value as Partial<Record<keyof StoredChunk, unknown>>;
  if (slot !== 0 && slot !== 1) return undefined;
  if (!isCount(chunk) || !isCount(chunks) || !isCount(sequence)) return undefined;
  if (typeof value['sourceEpoch'] !== 'string' || typeof value['hash'] !== 'string') return undefined;
  if (!isFields(totals) || !Object.values(totals).every(isDecimal)) return undefined;
  return value as unknown as StoredChunk;
};

const join = (chunks: readonly StoredChunk[]): DecodedCheckpoint | undefined => {
  const [first] = chunks;
  if (!first || new Set(chunks.map(({ chunk }) => chunk)).size !== first.chunks) return undefined;
  const { sourceEpoch, sequence, hash, slot } = first;
  const totals = new Map(
    chunks.flatMap((chunk) => Object.entries(chunk.totals).map(([name, text]) => [name, BigInt(text)])),
  );
  return { outcome: 'read', checkpoint: { sourceEpoch, sequence, hash, totals }, slot };
};

const identityOf = ({ slot, sequence, hash, sourceEpoch, chunks }: StoredChunk): string =>
  [slot, sequence, hash, sourceEpoch, chunks].join(' ');

/**
 * The newest checkpoint that is whole, out of everything found under the prefix, in any order. What cannot be read,
 * and what is left of checkpoints that were larger or half overwritten, is passed over.
 */
export const decodeCheckpoint = (stored: readonly Uint8Array[]): DecodedCheckpoint => {
  const chunks = stored.map(readChunk).filter((chunk) => chunk !== undefined);
  const found = [...Map.groupBy(chunks, identityOf).values()]
    .map(join)
    .filter((decoded) => decoded?.outcome === 'read')
    .sort((left, right) => right.checkpoint.sequence - left.checkpoint.sequence);
  return (
    found[0] ?? { outcome: 'none', problem: `none of ${stored.length} chunks belong to a whole checkpoint` }
  );
};
