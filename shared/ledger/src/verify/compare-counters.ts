import type { Totals } from '../totals.ts';
import { createFindingLog, type InvariantReport, toInvariantReport } from './finding.ts';

/** What the limit store holds, as of a ledger sequence. */
export interface StoreReading {
  /** The store has applied the ledger up to and with this sequence. */
  readonly watermark: number;
  readonly spent: ReadonlyMap<string, bigint>;
}

/** What keeps a reading from being comparable. */
const whyNot = (reading: StoreReading, sequence: number, trusts: boolean): string | undefined => {
  if (trusts) return 'the ledger was not read from its start';
  if (reading.spent.size === 0) return 'no budget of a recent period was charged';
  return reading.watermark === sequence
    ? undefined
    : `the store has applied the ledger up to ${reading.watermark}, and it was read up to ${sequence}`;
};

/**
 * I4: the store against the sum of the ledger's charges, or why it could not be read. `sequence`: last commit that is in
 * the totals.
 */
export const compareCounters = (
  totals: Totals,
  reading: StoreReading | string,
  { sequence, trustsPredecessors }: { sequence: number; trustsPredecessors: boolean },
): InvariantReport => {
  const log = createFindingLog('I4');
  if (typeof reading === 'string') return toInvariantReport('I4', log, { checked: false, note: reading });
  const note = whyNot(reading, sequence, trustsPredecessors);
  if (note !== undefined) return toInvariantReport('I4', log, { checked: false, note });
  for (const [counter, spent] of reading.spent) {
    log.compare('the store has spent something else', `counter ${counter}`, {
      expected: totals.get(counter),
      found: spent,
    });
  }
  return toInvariantReport('I4', log, { note: `${reading.spent.size} counters compared` });
};
