import { chargesOf } from '../charges.ts';
import { createTotals, type Totals } from '../totals.ts';
import { type AttemptBook, createAttemptBook } from './attempt-book.ts';
import { createFindingLog, type InvariantReport, toInvariantReport } from './finding.ts';
import { judgeQuality } from './judge-quality.ts';
import { createProviderWatch, type LedgerEdge, type ProviderWatchOptions } from './provider-watch.ts';
import { createSinkWatch, type SinkTotals } from './sink-watch.ts';
import { createTenantSums } from './tenant-sums.ts';
import type { UnitRecord } from './unit-reader.ts';

export interface RecordBooksOptions extends ProviderWatchOptions {
  readonly sinks: readonly SinkTotals[];
  readonly maxUnreportedPercent: number;
}

export interface RecordBooksEdge extends LedgerEdge {
  /** Last commit of the ledger. */
  readonly sequence: number;
}

/** What is kept of the records alone, without USAGE: I2, I5, I6, I7 and I8, and the counters for I4. */
export interface RecordBooks {
  readonly attempts: AttemptBook;
  readonly totals: Totals;
  readonly records: number;
  take(record: UnitRecord): void;
  /** Once. */
  report(edge: RecordBooksEdge): readonly InvariantReport[];
}

export const createRecordBooks = (options: RecordBooksOptions): RecordBooks => {
  const { maxUnreportedPercent, trustsPredecessors } = options;
  const attemptLog = createFindingLog('I2');
  const tenantLog = createFindingLog('I5');
  const attempts = createAttemptBook(attemptLog, trustsPredecessors);
  const tenants = createTenantSums(tenantLog);
  const sinkWatch = createSinkWatch(options);
  const providerWatch = createProviderWatch(options);
  const totals = createTotals();
  let records = 0;
  return {
    attempts,
    totals,
    get records() {
      return records;
    },
    take: ({ sequence, subject, event }) => {
      const where = `LEDGER ${sequence}`;
      records += 1;
      attempts.take(event, where);
      tenants.take(subject, event, where);
      sinkWatch.take(sequence, event);
      providerWatch.take(event.data);
      totals.add(chargesOf(event.data));
    },
    report: (edge) => {
      tenants.end();
      return [
        toInvariantReport('I2', attemptLog),
        toInvariantReport('I5', tenantLog),
        sinkWatch.report(edge.sequence),
        providerWatch.report(edge),
        judgeQuality(attempts.qualities(), maxUnreportedPercent),
      ];
    },
  };
};
