import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Refusal, refuse } from '../core/refusal.ts';
import type { UsageQuery } from '../core/usage-query.ts';
import { createUsageSums, type SumRow, type UsageLine } from '../core/usage-sums.ts';
import {
  type LedgerRecord,
  type RecordPlace,
  stepSlots,
  type UsageDatabase,
  type Watermark,
} from '../stores/usage-database.ts';
import type { Turns } from './turns.ts';

export type FoundUsage =
  | {
      readonly outcome: 'found';
      readonly lines: readonly UsageLine[];
      /** Everything up to this message of the ledger is in it. */
      readonly sequence: number;
    }
  | Refusal;

/** All that the database holds, to be held against the ledger. Amounts are nano-units, over all currencies. */
export interface HeldUsage {
  readonly outcome: 'held';
  readonly watermark: Watermark;
  readonly records: number;
  readonly requests: bigint;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  readonly costNano: bigint;
  readonly chargeNano: bigint;
}

/** Answers questions about usage. */
export interface UsageReader {
  sum(query: UsageQuery): Promise<FoundUsage>;
  /** Takes as long as reading all of it does. */
  held(): Promise<HeldUsage | Refusal>;
  recordsOf(requestId: string): readonly LedgerRecord[];
}

const mostLines = 10_000;
const mostWaiting = 32;

const everything: UsageQuery = { filters: {}, groupBy: [], timeZone: 'UTC' };
const beforeAll: RecordPlace = { request: '', sequence: 0 };

/** A day at a time, so that no query holds up the others for long. */
async function* readDays(database: UsageDatabase, query: UsageQuery): AsyncGenerator<readonly SumRow[]> {
  const span = database.span();
  const first = Math.max(span?.first ?? 0, query.fromSlot ?? 0);
  const end = Math.min(span?.end ?? 0, query.toSlot ?? Number.MAX_SAFE_INTEGER);
  for (let from = first; from < end; from += stepSlots) {
    yield database.sums({ ...query, fromSlot: from, toSlot: Math.min(from + stepSlots, end) });
    await nextTurn();
  }
}

const countRecords = async (database: UsageDatabase): Promise<number> => {
  let count = 0;
  for (let last: RecordPlace | undefined = beforeAll; last; ) {
    const places: readonly RecordPlace[] = database.placesBehind(last);
    count += places.length;
    last = places.at(-1);
    await nextTurn();
  }
  return count;
};

const readHeld = async (database: UsageDatabase): Promise<HeldUsage> => {
  const sums = { requests: 0n, inputTokens: 0n, outputTokens: 0n, costNano: 0n, chargeNano: 0n };
  for await (const rows of readDays(database, everything)) {
    for (const { measures } of rows) {
      sums.requests += measures.requests;
      sums.inputTokens += measures.inputTokens;
      sums.outputTokens += measures.outputTokens;
      sums.costNano += measures.costNano;
      sums.chargeNano += measures.chargeNano;
    }
  }
  const records = await countRecords(database);
  return { outcome: 'held', watermark: database.watermark, records, ...sums };
};

export const createUsageReader = (database: UsageDatabase, turns: Turns): UsageReader => {
  const sumDays = async (query: UsageQuery): Promise<FoundUsage> => {
    const sums = createUsageSums(query);
    for await (const rows of readDays(database, query)) {
      for (const row of rows) sums.add(row);
      if (sums.size > mostLines) {
        return refuse('invalid_query', `More than ${mostLines} lines: group by less, or ask for less time.`);
      }
    }
    return { outcome: 'found', lines: sums.lines(), sequence: database.watermark.sequence };
  };
  // While a query runs, nothing is added: all of its steps see the same ledger.
  const take = <Value>(work: () => Promise<Value>): Promise<Value | Refusal> =>
    turns.waiting >= mostWaiting
      ? Promise.resolve(refuse('not_ready', 'Too many usage queries are waiting: try again later.'))
      : turns.take(work);
  return {
    sum: (query) => take(() => sumDays(query)),
    held: () => take(() => readHeld(database)),
    recordsOf: (requestId) => database.recordsOf(requestId),
  };
};
