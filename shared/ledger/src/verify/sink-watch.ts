import { matchesSomePattern, type RatedEvent } from '@weir/contracts';
import { createFindingLog, type InvariantReport, toInvariantReport } from './finding.ts';

/** What is compared, besides the number of records: sums of the records' differences. Amounts are nano-units. */
export const sinkMeasures = ['requests', 'inputTokens', 'outputTokens', 'amountNano', 'chargeNano'] as const;

export type SinkMeasure = (typeof sinkMeasures)[number];

/** Over all currencies: something to compare by, and no amount. */
export type SinkSums = Readonly<Record<SinkMeasure, bigint>>;

/** What a sink holds of the ledger, read at one moment. */
export interface SinkTotals {
  /** Unique, for people. */
  readonly sink: string;
  /** When the ledger was created that it is filled from. Absent: it has nothing yet. */
  readonly epoch?: string;
  /** The sink has dealt with the ledger up to and with this sequence. 0: with nothing. */
  readonly watermark: number;
  /** Ledger sequence of the first record that it was to take. Absent: it takes the ledger from its start. */
  readonly from?: number;
  /** Patterns of the organisations whose records it takes. Absent: all. */
  readonly orgs?: readonly string[];
  /** Absent: it keeps sums alone. */
  readonly records?: number;
  readonly sums: SinkSums;
}

export interface SinkWatchOptions {
  readonly sinks: readonly SinkTotals[];
  /** When the ledger was created. */
  readonly epoch: string;
  readonly trustsPredecessors: boolean;
}

/** Holds the ledger's totals against those of sinks, as it passes their watermarks: I6. */
export interface SinkWatch {
  take(sequence: number, event: RatedEvent): void;
  /** `sequence`: last of the ledger. */
  report(sequence: number): InvariantReport;
}

interface Own {
  records: number;
  readonly sums: Record<SinkMeasure, bigint>;
}

const nothing = (): Own => ({
  records: 0,
  sums: { requests: 0n, inputTokens: 0n, outputTokens: 0n, amountNano: 0n, chargeNano: 0n },
});

const takes = ({ watermark, from = 1, orgs }: SinkTotals, sequence: number, org: string): boolean =>
  sequence >= from && sequence <= watermark && (orgs === undefined || matchesSomePattern(orgs, org));

const noteOf = ({ sink, watermark, from, orgs }: SinkTotals): string => {
  const beginning = from === undefined ? '' : `, from LEDGER ${from}, its first record`;
  const selection = orgs === undefined || orgs.includes('*') ? '' : `, organisations ${orgs.join(' ')}`;
  return `${sink} at LEDGER ${watermark}${beginning}${selection}`;
};

export const createSinkWatch = ({ sinks, epoch, trustsPredecessors }: SinkWatchOptions): SinkWatch => {
  const log = createFindingLog('I6');
  const pairs = sinks.map((sink) => ({ sink, own: nothing() }));

  const compare = (sink: SinkTotals, own: Own, sequence: number): void => {
    const where = `sink ${sink.sink} at LEDGER ${sink.watermark}`;
    if (sink.epoch !== undefined && sink.epoch !== epoch) {
      log.compare('the sink is of another ledger', where, { expected: epoch, found: sink.epoch });
      return;
    }
    if (sink.watermark > sequence) {
      log.compare('the sink is ahead of the ledger', where, { expected: sequence, found: sink.watermark });
      return;
    }
    if (sink.records !== undefined)
      log.compare('the number of records', where, { expected: own.records, found: sink.records });
    for (const measure of sinkMeasures)
      log.compare(`the sum of ${measure}`, where, { expected: own.sums[measure], found: sink.sums[measure] });
  };

  return {
    take: (sequence, { subject, data: { delta } }) => {
      for (const { sink, own } of pairs) {
        if (!takes(sink, sequence, subject)) continue;
        own.records += 1;
        for (const measure of sinkMeasures) own.sums[measure] += BigInt(delta[measure]);
      }
    },
    report: (sequence) => {
      if (trustsPredecessors) {
        const note = 'the ledger was not read from its start';
        return toInvariantReport('I6', log, { checked: false, note });
      }
      if (sinks.length === 0)
        return toInvariantReport('I6', log, { checked: false, note: 'no sink was given' });
      for (const { sink, own } of pairs) compare(sink, own, sequence);
      return toInvariantReport('I6', log, { note: sinks.map(noteOf).join('; ') });
    },
  };
};
