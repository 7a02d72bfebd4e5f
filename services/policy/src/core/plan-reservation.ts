import type { Api, Features } from '@weir/contracts';
import { type AppliedBudget, type AppliedLimits, type AppliedRateLimit, estimateTokens } from '@weir/limits';
import { hasOutput } from './api-output.ts';
import type { BudgetWatch } from './budget-watch.ts';
import { inputToHold } from './held-input.ts';
import type { BucketCharge, BudgetHold, Reservation, SlotClaim } from './limit-store.ts';
import type { OutputHistory } from './output-history.ts';

/** What so many tokens cost, in nano-units. Undefined: the model has no price. */
export type PriceOf = (inputTokens: number, outputTokens: number) => bigint | undefined;

export interface ReservationPlan {
  /** Request id. */
  readonly id: string;
  /** How often it was submitted before. */
  readonly submission: number;
  readonly ttlMs: number;
  readonly api: Api;
  readonly model: string;
  readonly features: Features;
  readonly applied: AppliedLimits;
  /** Most output tokens of all answers together, where budgets had room for no more. Absent: the request's own cap. */
  readonly outputCap?: number;
  /** For the fallback upstreams of the route alone. Absent means false. */
  readonly fallback?: boolean;
}

export interface PlanDependencies {
  readonly history: Pick<OutputHistory, 'quantileOf'>;
  readonly budgets: Pick<BudgetWatch, 'leftOf'>;
  readonly priceOf: PriceOf;
}

export type PlannedReservation =
  | { readonly outcome: 'planned'; readonly reservation: Reservation }
  /** A budget of money applies, and nobody knows what the model costs. */
  | { readonly outcome: 'no_price' };

/** Below this share of what is left, an unlikely answer could overdraw the budget: hold the worst case. */
const carefulBelow = 0.2;
/** A rate is corrected as soon as the answer is known, so a likely length does. */
const likelyQuantile = 0.9;
const likelyOutputTokens = 512;

/** Of all answers that the request asks for. */
const outputToHold = (budget: AppliedBudget, plan: ReservationPlan, deps: PlanDependencies): number => {
  const { hold } = budget.config;
  if (!hasOutput(plan.api)) return 0;
  if (plan.outputCap !== undefined) return plan.outputCap;
  const { outputCap, choices = 1 } = plan.features;
  if (hold.mode === 'fixed') return choices * Math.min(hold.outputTokens, outputCap ?? hold.outputTokens);
  const worst = outputCap ?? hold.outputTokens;
  if (hold.mode === 'worst-case' || (deps.budgets.leftOf(budget.counter) ?? 0) < carefulBelow)
    return choices * worst;
  return choices * Math.min(worst, deps.history.quantileOf(plan.model, hold.quantile) ?? worst);
};

const amountToHold = (
  budget: AppliedBudget,
  plan: ReservationPlan,
  deps: PlanDependencies,
): bigint | undefined => {
  if (budget.unit === 'requests') return 1n;
  const input = inputToHold(plan.features);
  const output = outputToHold(budget, plan, deps);
  return budget.unit === 'tokens' ? BigInt(input + output) : deps.priceOf(input, output);
};

const toHold = (budget: AppliedBudget, amount: bigint): BudgetHold => ({
  counter: budget.counter,
  amount,
  limit: budget.limit,
  enforce: budget.config.enforce,
  ...(budget.carry === undefined ? {} : { carry: budget.carry }),
});

/** Input and the likely output. A long cap alone never makes a request too large for its bucket. */
const tokensToCharge = (limit: AppliedRateLimit, plan: ReservationPlan, deps: PlanDependencies): number => {
  const input = estimateTokens(plan.features, limit.config.estimate);
  const capacity = limit.tokens?.capacity ?? 0;
  if (!hasOutput(plan.api)) return input;
  const likely = deps.history.quantileOf(plan.model, likelyQuantile) ?? likelyOutputTokens;
  const { outputCap, choices = 1 } = plan.features;
  const output = Math.min(choices * Math.min(likely, outputCap ?? likely), plan.outputCap ?? Infinity);
  return input >= capacity ? input : Math.min(capacity, input + output);
};

const toCharges = (
  limit: AppliedRateLimit,
  plan: ReservationPlan,
  deps: PlanDependencies,
): BucketCharge[] => {
  const { enforce } = limit.config;
  const { requests, tokens } = limit;
  return [
    ...(requests === undefined ? [] : [{ ...requests, cost: 1, correctable: false, enforce }]),
    ...(tokens === undefined
      ? []
      : [{ ...tokens, cost: tokensToCharge(limit, plan, deps), correctable: true, enforce }]),
  ];
};

const toClaims = ({ slots, config }: AppliedRateLimit): SlotClaim[] =>
  slots === undefined ? [] : [{ ...slots, enforce: config.enforce }];

/** What a request takes from each limit that applies to it, and holds of each budget, until its real use is known. */
export const planReservation = (plan: ReservationPlan, deps: PlanDependencies): PlannedReservation => {
  const { rateLimits, budgets } = plan.applied;
  const holds: BudgetHold[] = [];
  for (const budget of budgets) {
    const amount = amountToHold(budget, plan, deps);
    if (amount === undefined) return { outcome: 'no_price' };
    holds.push(toHold(budget, amount));
  }
  const reservation: Reservation = {
    id: plan.id,
    ttlMs: plan.ttlMs,
    ...(plan.submission > 0 ? { isCopy: true } : {}),
    ...(plan.outputCap === undefined ? {} : { outputCap: plan.outputCap }),
    ...(plan.fallback ? { fallback: true } : {}),
    buckets: rateLimits.flatMap((limit) => toCharges(limit, plan, deps)),
    slots: rateLimits.flatMap(toClaims),
    budgets: holds,
  };
  return { outcome: 'planned', reservation };
};
