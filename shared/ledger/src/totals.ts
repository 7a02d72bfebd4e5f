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
  /** Forgets counters whose period ended before this moment, seconds since the epoch. Returns how many. */
  forget(endedBefore: number): number;
  entries(): ReadonlyMap<string, bigint>;
}

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
    forget: (endedBefore) => {
      const ended = [...totals.keys()].filter((text) => (readCounter(text)?.endsAt ?? 0) < endedBefore);
      for (const text of ended) totals.delete(text);
      return ended.length;
    },
    entries: () => totals,
  };
};
