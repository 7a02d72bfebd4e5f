import { readCounter } from '@weir/contracts';
import { unitsText } from '@weir/limits';
import type { BudgetHold, BudgetState, LimitStates, Reservation } from './limit-store.ts';

export type AnswerHeaders = readonly (readonly [name: string, value: string])[];

const remainingOf = ({ spent, held, limit }: BudgetState): bigint => {
  const remaining = limit - spent - held;
  return remaining > 0n ? remaining : 0n;
};

/** Less is left of it, compared with its limit. */
const isTighter = (one: BudgetState, other: BudgetState): boolean =>
  remainingOf(one) * other.limit < remainingOf(other) * one.limit;

/** The budget that runs out first; one that is enforced goes before one that only reports. */
const tightestBudget = (
  budgets: readonly BudgetHold[],
  states: readonly BudgetState[],
): { budget: BudgetHold; state: BudgetState } | undefined => {
  let tightest: { budget: BudgetHold; state: BudgetState } | undefined;
  for (const [index, state] of states.entries()) {
    const budget = budgets[index];
    if (!budget) continue;
    const isFirst = tightest === undefined;
    const isBinding = budget.enforce && tightest?.budget.enforce === false;
    const isSameKind = tightest?.budget.enforce === budget.enforce;
    if (isFirst || isBinding || (isSameKind && tightest && isTighter(state, tightest.state)))
      tightest = { budget, state };
  }
  return tightest;
};

const budgetHeaders = (reservation: Reservation, states: LimitStates): AnswerHeaders => {
  const tightest = tightestBudget(reservation.budgets, states.budgets);
  const counter = tightest && readCounter(tightest.budget.counter);
  if (!tightest || !counter) return [];
  const remaining = remainingOf(tightest.state);
  return [
    ['x-budget-remaining', unitsText(remaining, counter.unit)],
    ['x-budget-period-reset', new Date(counter.endsAt * 1_000).toISOString().replace('.000Z', 'Z')],
  ];
};

/** As OpenAI writes it: `120ms`, `1s`, `6m0s`. */
const toDuration = (durationMs: number): string => {
  if (durationMs < 1_000) return `${Math.ceil(durationMs)}ms`;
  const seconds = Math.ceil(durationMs / 1_000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
};

const bucketHeaders = (
  kind: 'requests' | 'tokens',
  reservation: Reservation,
  states: LimitStates,
): AnswerHeaders => {
  const own = reservation.buckets.flatMap((bucket, index) => {
    const state = states.buckets[index];
    return state && bucket.correctable === (kind === 'tokens') ? [{ bucket, state }] : [];
  });
  const share = ({ bucket, state }: (typeof own)[number]): number => state.remaining / bucket.capacity;
  const tightest = own.toSorted((left, right) => share(left) - share(right))[0];
  if (!tightest) return [];
  return [
    [`x-ratelimit-limit-${kind}`, String(tightest.bucket.capacity)],
    [`x-ratelimit-remaining-${kind}`, String(Math.max(0, tightest.state.remaining))],
    [`x-ratelimit-reset-${kind}`, toDuration(tightest.state.resetMs)],
  ];
};

/** A reservation, and how all that it names stands. */
export interface Standing {
  readonly reservation: Reservation;
  readonly states: LimitStates;
}

/**
 * What the client is told of its limits. Of several of one kind, it is told of the one that runs out first.
 * `budgets`: whose budgets are told of, where that is another reservation.
 */
export const toLimitHeaders = (
  reservation: Reservation,
  states: LimitStates,
  budgets: Standing = { reservation, states },
): AnswerHeaders => [
  ...bucketHeaders('requests', reservation, states),
  ...bucketHeaders('tokens', reservation, states),
  ...budgetHeaders(budgets.reservation, budgets.states),
];
