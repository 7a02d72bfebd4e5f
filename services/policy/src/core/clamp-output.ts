import type { Features } from '@weir/contracts';
import type { AppliedBudget } from '@weir/limits';
import { inputToHold } from './held-input.ts';
import type { BudgetState, Reservation } from './limit-store.ts';

/** Fewer tokens than these are no answer. */
const leastOutputTokens = 16;

/** Most output tokens that an amount of nano-units buys after the prompt. Undefined: no price. */
export type OutputFor = (nano: bigint, inputTokens: number) => number | undefined;

const outputWithin = (
  budget: AppliedBudget,
  state: BudgetState,
  inputTokens: number,
  outputFor: OutputFor,
): number | undefined => {
  const left = state.limit - state.spent - state.held;
  if (left <= 0n || budget.unit === 'requests') return undefined;
  if (budget.unit === 'money') return outputFor(left, inputTokens);
  const most = left - BigInt(inputTokens);
  return most > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(most);
};

/**
 * The output cap with which a request would fit into the budgets that it was refused by. Undefined when one of them
 * is not to be clamped, or has room for nothing worth sending.
 */
export const clampOutput = (input: {
  readonly reservation: Reservation;
  readonly states: readonly BudgetState[];
  readonly budgets: readonly AppliedBudget[];
  readonly features: Features;
  readonly outputFor: OutputFor;
}): number | undefined => {
  const { reservation, states, budgets, features, outputFor } = input;
  const inputTokens = inputToHold(features);
  let cap = Number.POSITIVE_INFINITY;
  for (const [index, hold] of reservation.budgets.entries()) {
    const state = states[index];
    const budget = budgets[index];
    if (!hold.enforce || !state || !budget) continue;
    if (state.spent + state.held + hold.amount <= state.limit) continue;
    if (budget.config.onLow !== 'clamp') return undefined;
    const most = outputWithin(budget, state, inputTokens, outputFor);
    if (most === undefined || most < leastOutputTokens) return undefined;
    cap = Math.min(cap, most);
  }
  return Number.isFinite(cap) ? cap : undefined;
};
