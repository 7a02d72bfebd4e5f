import type { BudgetState } from './limit-store.ts';

/** How much of each budget was left when it was last heard of. */
export interface BudgetWatch {
  note(counter: string, state: BudgetState): void;
  /** Share of the limit that is neither spent nor held, 0 to 1. Undefined: never heard of. */
  leftOf(counter: string): number | undefined;
  /** Takes over what a counter stands at now. Its limit stays as it was heard of. */
  refresh(counter: string, now: Pick<BudgetState, 'spent' | 'held'>): void;
  states(): Iterable<readonly [counter: string, state: BudgetState]>;
}

const maxCounters = 10_000;
const perMille = 1_000n;

/** Keeps the counters that were used last. */
export const createBudgetWatch = (): BudgetWatch => {
  const known = new Map<string, BudgetState>();
  return {
    note: (counter, state) => {
      known.delete(counter);
      known.set(counter, state);
      if (known.size <= maxCounters) return;
      const [oldest] = known.keys();
      if (oldest !== undefined) known.delete(oldest);
    },
    leftOf: (counter) => {
      const state = known.get(counter);
      if (!state || state.limit <= 0n) return undefined;
      const left = state.limit - state.spent - state.held;
      return left <= 0n ? 0 : Number((left * perMille) / state.limit) / 1_000;
    },
    refresh: (counter, { spent, held }) => {
      const state = known.get(counter);
      // In its place: to be looked at is not to be used.
      if (state) known.set(counter, { ...state, spent, held });
    },
    states: () => known,
  };
};
