import type { EnvelopeMeta, GrantTerms, Principal, RouteConfig, WireError } from '@weir/contracts';
import type { BudgetWatch } from './core/budget-watch.ts';
import { clampOutput } from './core/clamp-output.ts';
import { type RequestWay, toFallbackWay } from './core/fallback-way.ts';
import { type AnswerHeaders, type Standing, toLimitHeaders } from './core/limit-headers.ts';
import type { BudgetState, LimitStates, Reservation } from './core/limit-store.ts';
import type { OutputHistory } from './core/output-history.ts';
import { planReservation } from './core/plan-reservation.ts';
import { limitsUnavailable, refuseReservation, refuseTooLarge } from './core/refuse-reservation.ts';
import type { GuardedOutcome, LimitGuard } from './limit-guard.ts';
import type { PolicyMetrics } from './policy-metrics.ts';

export interface LimitedRequest extends RequestWay {
  readonly meta: EnvelopeMeta;
  readonly principal: Principal;
  readonly route: RouteConfig;
}

export type Limited =
  | {
      readonly outcome: 'within';
      /** What the grant says of it. */
      readonly terms: Omit<GrantTerms, 'expiresAt'>;
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

type Decided = Tried | 'no_price';

const noPrice = (model: string): WireError => ({
  reason: 'no_price',
  message: `The model ${JSON.stringify(model.slice(0, 100))} has no price, and a budget of money applies. Ask for one to be configured.`,
  param: 'model',
  shouldRetry: false,
});

const refused = (error: WireError): Limited => ({ outcome: 'refused', error });

/** `budgets`: those that the client is told of, where they are not those of the reservation. */
const toWithin = (reservation: Reservation, states: LimitStates, budgets?: Standing): Limited => {
  const { outputCap, fallback } = reservation;
  return {
    outcome: 'within',
    terms: {
      holds: reservation.budgets.map(({ counter, amount }) => ({ id: counter, amount: String(amount) })),
      held: true,
      ...(outputCap === undefined ? {} : { outputCap }),
      ...(fallback ? { fallback: 'budget-exhausted' } : {}),
    },
    answerHeaders: [
      ...toLimitHeaders(reservation, states, budgets),
      ...(outputCap === undefined ? [] : [['x-budget-clamped', String(outputCap)] as const]),
    ],
  };
};

const standingOf = ({ reservation, outcome }: Tried): Standing | undefined =>
  outcome.outcome === 'reserved' || outcome.outcome === 'denied'
    ? { reservation, states: outcome }
    : undefined;

/** An earlier submission of the request holds already, and for other upstreams than were asked for. */
const isHeldElsewhere = ({ outcome, reservation }: Tried): boolean =>
  outcome.outcome === 'reserved' && outcome.again && outcome.fallback !== reservation.fallback;

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
    const own = await this.#decide(request, false);
    if (own === 'no_price') return refused(noPrice(request.meta.model));
    const { outcome } = own;
    const way = outcome.outcome === 'unavailable' ? undefined : toFallbackWay(request, outcome);
    if (way === undefined) return this.#conclude(own);
    return this.#limitAtFallback({ ...request, ...way }, own, request);
  }

  /** Decides once more, for the fallback upstreams. Whoever is refused there as well hears why it was refused first. */
  async #limitAtFallback(atFallback: LimitedRequest, own: Tried, request: LimitedRequest): Promise<Limited> {
    const tried = await this.#decide(atFallback, true);
    if (tried !== 'no_price') {
      if (isHeldElsewhere(tried)) return this.#limitAgain(request);
      const { outcome } = tried.outcome;
      // Nobody has refused it there.
      if (outcome === 'unavailable') return this.#conclude(tried);
      if (outcome === 'reserved') return this.#conclude(tried, own);
    }
    if (own.outcome.outcome === 'denied') return this.#conclude(own);
    // Its hold for the fallback was there a moment ago, and ended.
    return tried === 'no_price' ? refused(noPrice(request.meta.model)) : this.#conclude(tried);
  }

  /** A budget had room again, and another policy has given it to an earlier submission of this request meanwhile. */
  async #limitAgain(request: LimitedRequest): Promise<Limited> {
    const own = await this.#decide(request, false);
    if (own === 'no_price') return refused(noPrice(request.meta.model));
    return isHeldElsewhere(own) ? refused(limitsUnavailable) : this.#conclude(own);
  }

  /** Once, or twice where budgets leave room for a shorter answer. */
  async #decide(request: LimitedRequest, fallback: boolean): Promise<Decided> {
    const first = await this.#try(request, fallback);
    if (first === 'no_price' || isHeldElsewhere(first)) return first;
    const outputCap = capFor(first, request);
    return outputCap === undefined ? first : this.#try(request, fallback, outputCap);
  }

  async #try(request: LimitedRequest, fallback: boolean, outputCap?: number): Promise<Decided> {
    const { guard, history, watch, holdTtlMs } = this.#dependencies;
    const { meta, applied, route, price } = request;
    const { id, submission, api, model, features } = meta;
    const plan = { id, submission, ttlMs: holdTtlMs, api, model, features, applied, fallback };
    const planned = planReservation(outputCap === undefined ? plan : { ...plan, outputCap }, {
      history,
      budgets: watch,
      priceOf: price.costOf,
    });
    if (planned.outcome === 'no_price') return 'no_price';
    const { reservation } = planned;
    const outcome = await guard.reserve(reservation, route.failureMode);
    if (outcome.outcome === 'reserved' || outcome.outcome === 'denied')
      this.#note(reservation, outcome.budgets);
    return { reservation, outcome };
  }

  /** `own`: what was decided for the own upstreams before. The client is told of the budgets that were in the way. */
  #conclude({ outcome, reservation }: Tried, own?: Tried): Limited {
    const { metrics, now } = this.#dependencies;
    if (outcome.outcome === 'too_large') return refused(refuseTooLarge(reservation, outcome.index));
    if (outcome.outcome === 'unavailable') return refused(limitsUnavailable);
    if (outcome.outcome === 'reserved') {
      for (const { by } of outcome.wouldDeny) metrics.countWouldDeny(by);
      return toWithin(reservation, outcome, own && standingOf(own));
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

/**
 * Takes what a request needs from every limit that applies, in one decision. Two where budgets leave room for less; and
 * once more as many for the fallback, where they leave none.
 */
export const createLimiter = (dependencies: LimiterDependencies): Limiter => {
  const limiter = new RequestLimiter(dependencies);
  return (request) => limiter.limit(request);
};
