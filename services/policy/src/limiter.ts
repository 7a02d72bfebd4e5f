import type { EnvelopeMeta, GrantTerms, Principal, RouteConfig, WireError } from '@weir/contracts';
import type { AppliedLimits } from '@weir/limits';
import type { BudgetWatch } from './core/budget-watch.ts';
import { clampOutput } from './core/clamp-output.ts';
import { type AnswerHeaders, toLimitHeaders } from './core/limit-headers.ts';
import type { BudgetState, LimitStates, Reservation } from './core/limit-store.ts';
import type { OutputHistory } from './core/output-history.ts';
import { planReservation } from './core/plan-reservation.ts';
import { limitsUnavailable, refuseReservation, refuseTooLarge } from './core/refuse-reservation.ts';
import type { RequestPrice } from './core/request-price.ts';
import type { GuardedOutcome, LimitGuard } from './limit-guard.ts';
import type { PolicyMetrics } from './policy-metrics.ts';

export interface LimitedRequest {
  readonly meta: EnvelopeMeta;
  readonly principal: Principal;
  readonly route: RouteConfig;
  readonly applied: AppliedLimits;
  readonly price: RequestPrice;
}

export type Limited =
  | {
      readonly outcome: 'within';
      /** What the grant says of it. */
      readonly terms: Pick<GrantTerms, 'holds' | 'held' | 'outputCap'>;
      readonly answerHeaders: AnswerHeaders;
    }
  | { readonly outcome: 'refused'; readonly error: WireError };

export interface LimiterDependencies {
  readonly guard: Pick<LimitGuard, 'reserve'>;
  readonly history: Pick<OutputHistory, 'quantileOf'>;
  readonly watch: BudgetWatch;
  readonly metrics: Pick<PolicyMetrics, 'countWouldDeny' | 'countExhausted'>;
  readonly holdTtlMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export type Limiter = (request: LimitedRequest) => Promise<Limited>;

interface Tried {
  readonly reservation: Reservation;
  readonly outcome: GuardedOutcome;
}

const noPrice = (model: string): WireError => ({
  reason: 'no_price',
  message: `The model ${JSON.stringify(model.slice(0, 100))} has no price, and a budget of money applies. Ask for one to be configured.`,
  param: 'model',
  shouldRetry: false,
});

const refused = (error: WireError): Limited => ({ outcome: 'refused', error });

const toWithin = (reservation: Reservation, states: LimitStates, outputCap: number | undefined): Limited => ({
  outcome: 'within',
  terms: {
    holds: reservation.budgets.map(({ counter, amount }) => ({ id: counter, amount: String(amount) })),
    held: true,
    ...(outputCap === undefined ? {} : { outputCap }),
  },
  answerHeaders: [
    ...toLimitHeaders(reservation, states),
    ...(outputCap === undefined ? [] : [['x-budget-clamped', String(outputCap)] as const]),
  ],
});

/** What the output has to be lowered to. Undefined: nothing, or that would not help. */
const capFor = ({ outcome, reservation }: Tried, request: LimitedRequest): number | undefined => {
  // It comes again: what it holds was made for this cap, and now there may be room for less.
  if (outcome.outcome === 'reserved') return outcome.outputCap;
  if (outcome.outcome !== 'denied' || outcome.refusal.by !== 'budget') return undefined;
  const { meta, applied, price } = request;
  const { api, features } = meta;
  const { budgets: states } = outcome;
  return clampOutput({
    reservation,
    states,
    budgets: applied.budgets,
    api,
    features,
    outputFor: price.outputFor,
  });
};

class RequestLimiter {
  #dependencies: LimiterDependencies;

  constructor(dependencies: LimiterDependencies) {
    this.#dependencies = dependencies;
  }

  async limit(request: LimitedRequest): Promise<Limited> {
    const { meta } = request;
    const first = await this.#try(request);
    if (first === 'no_price') return refused(noPrice(meta.model));
    const outputCap = capFor(first, request);
    if (outputCap === undefined) return this.#conclude(first);
    const second = await this.#try(request, outputCap);
    return second === 'no_price' ? refused(noPrice(meta.model)) : this.#conclude(second, outputCap);
  }

  async #try(request: LimitedRequest, outputCap?: number): Promise<Tried | 'no_price'> {
    const { guard, history, watch, holdTtlMs } = this.#dependencies;
    const { meta, applied, route, price } = request;
    const { id, submission, api, model, features } = meta;
    const plan = { id, submission, ttlMs: holdTtlMs, api, model, features, applied };
    const planned = planReservation(outputCap === undefined ? plan : { ...plan, outputCap }, {
      history,
      budgets: watch,
      priceOf: price.costOf,
    });
    if (planned.outcome === 'no_price') return 'no_price';
    const outcome = await guard.reserve(planned.reservation, route.failureMode);
    return { reservation: planned.reservation, outcome };
  }

  #conclude({ outcome, reservation }: Tried, outputCap?: number): Limited {
    const { metrics, now } = this.#dependencies;
    if (outcome.outcome === 'too_large') return refused(refuseTooLarge(reservation, outcome.index));
    if (outcome.outcome === 'uninitialised' || outcome.outcome === 'unavailable')
      return refused(limitsUnavailable);
    this.#note(reservation, outcome.budgets);
    if (outcome.outcome === 'reserved') {
      for (const { by } of outcome.wouldDeny) metrics.countWouldDeny(by);
      return toWithin(reservation, outcome, outputCap);
    }
    if (outcome.refusal.by === 'budget') {
      metrics.countExhausted(reservation.budgets[outcome.refusal.index]?.counter ?? '');
    }
    return refused(refuseReservation(reservation, outcome, now()));
  }

  #note({ budgets }: Reservation, states: readonly BudgetState[]): void {
    for (const [index, state] of states.entries()) {
      const budget = budgets[index];
      if (budget) this.#dependencies.watch.note(budget.counter, state);
    }
  }
}

/** Takes what a request needs from every limit that applies, in one decision; twice when budgets leave room for less. */
export const createLimiter = (dependencies: LimiterDependencies): Limiter => {
  const limiter = new RequestLimiter(dependencies);
  return (request) => limiter.limit(request);
};
