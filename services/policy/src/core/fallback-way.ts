import type { RouteConfig } from '@weir/contracts';
import type { AppliedLimits } from '@weir/limits';
import type { ReserveOutcome } from './limit-store.ts';
import type { RequestPrice } from './request-price.ts';

/** Which limits a request has to pass, and what it may come to cost: it depends on the upstreams that it may go to. */
export interface RequestWay {
  readonly applied: AppliedLimits;
  readonly price: RequestPrice;
}

/** The outcome's own order is buckets, slots, budgets: where it is a budget that refuses, nothing else does. */
const isRefusedByBudget = (outcome: ReserveOutcome): boolean =>
  outcome.outcome === 'denied' && outcome.refusal.by === 'budget';

const isHeldForFallback = (outcome: ReserveOutcome): boolean =>
  outcome.outcome === 'reserved' && outcome.fallback === true;

/**
 * The way by the route's fallback upstreams, for a request that budgets have refused, or that went there when it was
 * submitted before. What the route allows itself to spend is for its own upstreams; what its callers have holds
 * everywhere. Undefined: there is no such way.
 */
export const toFallbackWay = (
  request: RequestWay & { readonly route: RouteConfig },
  outcome: ReserveOutcome,
): RequestWay | undefined => {
  const { route, applied, price } = request;
  const isHeld = isHeldForFallback(outcome);
  const isTriggered = route.fallback?.triggers.onBudgetExhausted === true && isRefusedByBudget(outcome);
  if (!isHeld && !isTriggered) return undefined;
  const fallbackPrice = price.atFallback();
  // Without one by now, the scheduler finds no upstream; the request's own are not what it holds for.
  if (fallbackPrice === undefined && !isHeld) return undefined;
  const budgets = applied.budgets.filter(({ place }) => place !== 'route');
  return { applied: { ...applied, budgets }, price: fallbackPrice ?? price };
};
