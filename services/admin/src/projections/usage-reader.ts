import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Refusal, refuse } from '../core/refusal.ts';
import type { UsageQuery } from '../core/usage-query.ts';
import { createUsageSums, type UsageLine } from '../core/usage-sums.ts';
import { type LedgerRecord, stepSlots, type UsageDatabase } from '../stores/usage-database.ts';
import type { Turns } from './turns.ts';

export type FoundUsage =
  | {
      readonly outcome: 'found';
      readonly lines: readonly UsageLine[];
      /** Everything up to this message of the ledger is in it. */
      readonly sequence: number;
    }
  | Refusal;

/** Answers questions about usage. */
export interface UsageReader {
  sum(query: UsageQuery): Promise<FoundUsage>;
  recordsOf(requestId: string): readonly LedgerRecord[];
}

const mostLines = 10_000;
const mostWaiting = 32;

export const createUsageReader = (database: UsageDatabase, turns: Turns): UsageReader => {
  /** A day at a time, so that no query holds up the others for long. */
  const sumSteps = async (query: UsageQuery): Promise<FoundUsage> => {
    const sums = createUsageSums(query);
    const span = database.span();
    const first = Math.max(span?.first ?? 0, query.fromSlot ?? 0);
    const end = Math.min(span?.end ?? 0, query.toSlot ?? Number.MAX_SAFE_INTEGER);
    for (let from = first; from < end; from += stepSlots) {
      const step = { ...query, fromSlot: from, toSlot: Math.min(from + stepSlots, end) };
      for (const row of database.sums(step)) sums.add(row);
      if (sums.size > mostLines) {
        return refuse('invalid_query', `More than ${mostLines} lines: group by less, or ask for less time.`);
      }
      await nextTurn();
    }
    return { outcome: 'found', lines: sums.lines(), sequence: database.watermark.sequence };
  };
  return {
    // While a query runs, nothing is added: all of its steps see the same ledger.
    sum: (query) =>
      turns.waiting >= mostWaiting
        ? Promise.resolve(refuse('not_ready', 'Too many usage queries are waiting: try again later.'))
        : turns.take(() => sumSteps(query)),
    recordsOf: (requestId) => database.recordsOf(requestId),
  };
};
