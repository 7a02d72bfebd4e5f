import type { RatedUsage } from '@weir/contracts';
import { createFindingLog, type InvariantReport, toInvariantReport } from './finding.ts';

/** What a sink holds of the ledger, up to and with a ledger sequence. Amounts are nano-units. */
export interface SinkTotals {
  readonly sink: string;
  readonly watermark: number;
  readonly records: number;
  readonly chargeNano: bigint;
}

/** Holds the ledger's totals against those of sinks, as it passes their watermarks: I6. */
export interface SinkWatch {
  take(sequence: number, data: RatedUsage): void;
  /** `sequence`: last of the ledger. */
  report(sequence: number): InvariantReport;
}

export const createSinkWatch = (sinks: readonly SinkTotals[], trustsPredecessors: boolean): SinkWatch => {
  const log = createFindingLog('I6');
  const ledger = sinks.map(() => ({ records: 0, chargeNano: 0n }));

  const compare = (sink: SinkTotals, index: number, sequence: number): void => {
    const own = ledger[index];
    const where = `sink ${sink.sink} at LEDGER ${sink.watermark}`;
    if (sink.watermark > sequence) {
      log.compare('the sink is ahead of the ledger', where, { expected: sequence, found: sink.watermark });
      return;
    }
    log.compare('the number of records', where, { expected: own?.records, found: sink.records });
    log.compare('the sum of charges', where, { expected: own?.chargeNano, found: sink.chargeNano });
  };

  return {
    take: (sequence, { delta }) => {
      for (const [index, { watermark }] of sinks.entries()) {
        const own = ledger[index];
        if (!own || sequence > watermark) continue;
        own.records += 1;
        own.chargeNano += BigInt(delta.chargeNano);
      }
    },
    report: (sequence) => {
      if (sinks.length === 0)
        return toInvariantReport('I6', log, { checked: false, note: 'no sink was given' });
      if (trustsPredecessors) {
        return toInvariantReport('I6', log, {
          checked: false,
          note: 'the ledger was not read from its start',
        });
      }
      for (const [index, sink] of sinks.entries()) compare(sink, index, sequence);
      return toInvariantReport('I6', log);
    },
  };
};
