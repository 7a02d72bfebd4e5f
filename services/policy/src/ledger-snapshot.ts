import type { RatedUsage } from '@weir/contracts';
import { type Checkpoint, chargesOf, createTotals, readLedgerMessage } from '@weir/ledger';
import type { LogMessage, LogReader } from '@weir/messaging';
import type { StoreSnapshot } from './core/limit-store.ts';

export interface LedgerSnapshotSource {
  readonly reader: Pick<LogReader, 'info' | 'read'>;
  /** Where to begin. Undefined: at the start of the ledger. */
  readonly checkpoint: Checkpoint | undefined;
  readonly onRecord?: (record: RatedUsage) => void;
  readonly signal: AbortSignal;
}

/**
 * Totals up to the present end of the ledger. A store that was given those of a checkpoint alone would let requests
 * through, until it had caught up, that its budgets have no room for.
 */
export const readLedgerSnapshot = async (source: LedgerSnapshotSource): Promise<StoreSnapshot> => {
  const { reader, signal, onRecord } = source;
  const { epoch, last } = await reader.info();
  // One that is ahead of the ledger is that of another: the ledger is what counts.
  const checkpoint = (source.checkpoint?.sequence ?? 0) <= last ? source.checkpoint : undefined;
  const totals = createTotals(checkpoint?.totals);
  let watermark = checkpoint?.sequence ?? 0;

  const add = ({ subject, data, sequence }: LogMessage): void => {
    const read = readLedgerMessage(subject, data);
    if (read.kind === 'record') {
      onRecord?.(read.event.data);
      totals.add(chargesOf(read.event.data));
    }
    watermark = sequence;
  };

  while (watermark < last) {
    signal.throwIfAborted();
    const read = await reader.read({ from: watermark + 1 });
    if (read.outcome === 'away') throw new Error(read.why);
    const [first] = read.messages;
    if (first?.sequence !== watermark + 1)
      throw new Error(`ledger record ${watermark + 1} is missing: found ${first?.sequence ?? 'nothing'}`);
    for (const message of read.messages) add(message);
  }
  return { epoch, watermark, totals: totals.entries() };
};
