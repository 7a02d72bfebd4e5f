import { readCounter } from '@weir/contracts';
import type { Charge } from './charges.ts';

/** One counter before and after a charge. */
export interface TotalChange {
  readonly counter: string;
  readonly before: bigint;
  readonly after: bigint;
}

/** Running totals per budget counter, in the counter's unit. */
export interface Totals {
  readonly size: number;
  /** 0 for a counter that was never charged. */
  get(counter: string): bigint;
  /** Adds, and says what each counter was and became, in the order of the charges. */
  add(charges: readonly Charge[]): readonly TotalChange[];
  /** Forgets counters that nobody asks for any more at this moment, seconds since the epoch. Returns how many. */
  forget(atSeconds: number): number;
  entries(): ReadonlyMap<string, bigint>;
}

/** Corrections come this late, and clocks differ by less. */
const lateSeconds = 6 * 3_600;
/** A period may be longer than the one before it: March follows February. */
const longestNext = 1.25;

/**
 * Until when a counter's total matters, seconds since the epoch: what a period leaves may be carried over into the next
 * one. Kept for longer, the hours of ten thousand keys would fill the memory.
 */
export const askedUntil = (text: string): number => {
  const counter = readCounter(text);
  if (!counter) return 0;
  const { startsAt, endsAt } = counter;
  return endsAt + (endsAt - startsAt) * longestNext + lateSeconds;
};

export const createTotals = (initial: Iterable<Charge> = []): Totals => {
  const totals = new Map<string, bigint>(initial);

  const addOne = ([counter, delta]: Charge): TotalChange => {
    const before = totals.get(counter) ?? 0n;
    const after = before + delta;
    totals.set(counter, after);
    return { counter, before, after };
  };

  return {
    get size() {
      return totals.size;
    },
    get: (counter) => totals.get(counter) ?? 0n,
    add: (charges) => charges.map(addOne),
    forget: (atSeconds) => {
      const ended = [...totals.keys()].filter((text) => askedUntil(text) < atSeconds);
      for (const text of ended) totals.delete(text);
      return ended.length;
    },
    entries: () => totals,
  };
};
