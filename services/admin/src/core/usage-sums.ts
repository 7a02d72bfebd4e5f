import { unitsText } from '@weir/limits';
import { type Measures, slotMs, type UsageMeasure, usageMeasures } from './attempt-row.ts';
import { createTimeLabel } from './time-zone.ts';
import type { UsageQuery } from './usage-query.ts';

/** A sum out of the database: some quarter of an hour, values of the dimensions that are grouped by, a currency. */
export interface SumRow {
  readonly slot?: number;
  readonly dimensions: readonly string[];
  readonly currency: string;
  readonly measures: Measures;
}

/** A line of the answer. Counts are numbers, amounts are text. */
export type UsageLine = Readonly<Record<string, string | number>>;

export interface UsageSums {
  add(row: SumRow): void;
  readonly size: number;
  lines(): UsageLine[];
}

interface Sum {
  readonly labels: readonly string[];
  readonly currency: string;
  readonly measures: Record<UsageMeasure, bigint>;
}

export const columnsOf = ({ timeGroup, groupBy }: UsageQuery): readonly string[] => [
  ...(timeGroup === undefined ? [] : [timeGroup]),
  ...groupBy,
  'currency',
  'attempts',
  'requests',
  'inputTokens',
  'outputTokens',
  'cachedTokens',
  'costNano',
  'cost',
  'chargeNano',
  'charge',
  'estimatedAttempts',
  'unpricedAttempts',
  'unknownAttempts',
  'estimatedShare',
  'unpricedShare',
];

const shareOf = (part: bigint, whole: bigint): number => (whole === 0n ? 0 : Number(part) / Number(whole));

const toLine = (names: readonly string[], { labels, currency, measures }: Sum): UsageLine => ({
  ...Object.fromEntries(names.map((name, position) => [name, labels[position] ?? ''])),
  currency,
  attempts: Number(measures.attempts),
  requests: Number(measures.requests),
  inputTokens: Number(measures.inputTokens),
  outputTokens: Number(measures.outputTokens),
  cachedTokens: Number(measures.cachedTokens),
  costNano: measures.costNano.toString(),
  cost: unitsText(measures.costNano, 'money'),
  chargeNano: measures.chargeNano.toString(),
  charge: unitsText(measures.chargeNano, 'money'),
  estimatedAttempts: Number(measures.estimated),
  unpricedAttempts: Number(measures.unpriced),
  unknownAttempts: Number(measures.unknown),
  estimatedShare: shareOf(measures.estimated, measures.attempts),
  unpricedShare: shareOf(measures.unpriced, measures.attempts),
});

const addTo = (sum: Sum, measures: Measures): void => {
  for (const measure of usageMeasures) sum.measures[measure] += measures[measure];
};

/** Adds rows up to the lines that a query asks for. Money of different currencies is never added. */
export const createUsageSums = (query: UsageQuery): UsageSums => {
  const { timeGroup, timeZone, groupBy } = query;
  const labelOf = timeGroup && createTimeLabel(timeGroup, timeZone);
  const names = [...(timeGroup === undefined ? [] : [timeGroup]), ...groupBy];
  const sums = new Map<string, Sum>();
  return {
    add: ({ slot, dimensions, currency, measures }) => {
      const labels = labelOf && slot !== undefined ? [labelOf(slot * slotMs), ...dimensions] : dimensions;
      const name = JSON.stringify([...labels, currency]);
      const sum = sums.get(name);
      if (sum) addTo(sum, measures);
      else sums.set(name, { labels, currency, measures: { ...measures } });
    },
    get size() {
      return sums.size;
    },
    // What was moved elsewhere by a correction leaves nothing behind.
    lines: () =>
      [...sums.entries()]
        .filter(([, { measures }]) => usageMeasures.some((measure) => measures[measure] !== 0n))
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([, sum]) => toLine(names, sum)),
  };
};
