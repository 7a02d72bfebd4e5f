import { askedUntil, encodeCheckpoint, type Totals } from '@weir/ledger';
import type { FoundCheckpoint, LedgerAccess } from './ledger-access.ts';

/** What became of the last checkpoint. */
export type CheckpointState =
  | { readonly outcome: 'none'; readonly why: string }
  | {
      readonly outcome: 'compared';
      readonly sequence: number;
      /** Counters that it has otherwise than the ledger. */
      readonly wrong: readonly string[];
      /** It was written over with what the ledger says. */
      readonly written: boolean;
    };

/** Counters are forgotten when nobody asks for them any more, by another clock: a checkpoint may have them or not. */
const marginMs = 3_600_000;

const findWrong = (found: FoundCheckpoint, totals: Totals, now: number): string[] => {
  const stored = found.checkpoint.totals;
  const names = [...new Set([...stored.keys(), ...totals.entries().keys()])];
  const isCompared = (text: string): boolean => askedUntil(text) * 1_000 > now + marginMs;
  return names.filter((text) => isCompared(text) && (stored.get(text) ?? 0n) !== totals.get(text));
};

/**
 * Compares the last checkpoint with the ledger's totals as of its sequence, and writes these over it where that is asked
 * for. At its place only: metering has sent the alerts of what came before it, and would not send those of what came
 * after a later one.
 */
export const checkCheckpoint = async (
  access: Pick<LedgerAccess, 'checkpoints'>,
  found: FoundCheckpoint | string,
  { totals, writes, now }: { readonly totals: Totals; readonly writes: boolean; readonly now: number },
): Promise<CheckpointState> => {
  if (typeof found === 'string') return { outcome: 'none', why: found };
  const { checkpoint, slot } = found;
  const wrong = findWrong(found, totals, now);
  const written = writes && wrong.length > 0;
  if (written) {
    const bucket = await access.checkpoints();
    await bucket.save(encodeCheckpoint({ ...checkpoint, totals: totals.entries() }, slot));
  }
  return { outcome: 'compared', sequence: checkpoint.sequence, wrong, written };
};

export const isRight = (state: CheckpointState): boolean =>
  state.outcome === 'none' || state.wrong.length === 0 || state.written;
