import type { Api, Features } from '@weir/contracts';
import type { AppliedBudget } from '@weir/limits';
import { takesOutputCap } from './api-output.ts';
import { inputToHold } from './held-input.ts';
import type { BudgetState, Reservation } from './limit-store.ts';

/** Fewer tokens than these are no answer. Each of several answers needs as many. */
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
 * is not to be clamped, or has room for nothing worth sending, and when the API has no such cap.
 */
export const clampOutput = (input: {
  readonly reservation: Reservation;
  readonly states: readonly BudgetState[];
  readonly budgets: readonly AppliedBudget[];
  readonly api: Api;
  readonly features: Features;
  readonly outputFor: OutputFor;
}): number | undefined => {
  const { reservation, states, budgets, api, features, outputFor } = input;
  if (!takesOutputCap(api)) return undefined;
  const inputTokens = inputToHold(features);
  const least = leastOutputTokens * (features.choices ?? 1);
  let cap = Number.POSITIVE_INFINITY;
  for (const [index, hold] of reservation.budgets.entries()) {
    const state = states[index];
    const budget = budgets[index];
    if (!hold.enforce || !state || !budget) continue;
    if (hold.amount === 0n || state.spent + state.held + hold.amount <= state.limit) continue;
    if (budget.config.onLow !== 'clamp') return undefined;
    const most = outputWithin(budget, state, inputTokens, outputFor);
    if (most === undefined || most < least) return undefined;
    cap = Math.min(cap, most);
  }
  return Number.isFinite(cap) ? cap : undefined;
};
