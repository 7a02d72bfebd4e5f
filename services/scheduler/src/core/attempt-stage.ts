import {
  type Attempt,
  busyTarget,
  type FallbackReason,
  type FallbackState,
  type RouteConfig,
} from '@weir/contracts';

/** Where the next attempt of a request belongs. */
export interface AttemptStage {
  readonly number: number;
  /** Attempts that this stage allows after this one. */
  readonly remaining: number;
  /** Absent: the route's own upstreams. */
  readonly fallback?: FallbackState;
  /** The request has just been taken to the fallback: it need not wait for anything. */
  readonly isMove: boolean;
}

export type StageDecision =
  | { readonly outcome: 'stage'; readonly stage: AttemptStage }
  | { readonly outcome: 'used-up' }
  | { readonly outcome: 'no-budget' };

/** Nothing reached the upstream, so nothing is repeated there. */
export const isUnheard = ({ lastFailure }: Attempt): boolean =>
  lastFailure === 'draining' || lastFailure === 'saturated' || lastFailure === busyTarget;

/** An attempt that was turned away never began, so it is not one of those the route allows. */
const numberAfter = ({ lastFailure, number }: Attempt): number =>
  lastFailure === 'draining' || lastFailure === busyTarget ? number : number + 1;

/** The fallback's attempts are counted on their own. */
export const moveToFallback = (
  { retry }: Pick<RouteConfig, 'retry'>,
  number: number,
  from: string,
  reason: FallbackReason,
): AttemptStage => ({
  number,
  remaining: retry.attempts - 1,
  fallback: { reason, from, since: number },
  isMove: true,
});

const firstStage = (remaining: number, granted: FallbackState | undefined): AttemptStage => {
  const stage = { number: 1, remaining, isMove: false };
  return granted ? { ...stage, fallback: granted } : stage;
};

/**
 * Another attempt where the request is, as long as the route allows one; else at the fallback, if the failure is one of
 * its triggers. `spendRetry` takes one of the retries that the budget has left. `granted`: policy has let the request go
 * to the fallback alone, so it is there from its first attempt on.
 */
export const decideStage = (
  route: Pick<RouteConfig, 'retry' | 'fallback'>,
  attempt: Attempt | undefined,
  spendRetry: () => boolean,
  granted?: FallbackState,
): StageDecision => {
  const { attempts } = route.retry;
  if (!attempt) return { outcome: 'stage', stage: firstStage(attempts - 1, granted) };
  const number = numberAfter(attempt);
  const { failure } = attempt;
  const fallback = attempt.fallback ?? granted;
  const used = fallback ? number - fallback.since + 1 : number;
  const isAllowed = used <= attempts && !failure?.isFinal;
  if (isAllowed && (isUnheard(attempt) || spendRetry())) {
    const stage = { number, remaining: attempts - used, isMove: false };
    return { outcome: 'stage', stage: fallback ? { ...stage, fallback } : stage };
  }
  if (!fallback && route.fallback && failure?.trigger) {
    return { outcome: 'stage', stage: moveToFallback(route, number, attempt.upstream, failure.trigger) };
  }
  return { outcome: isAllowed ? 'no-budget' : 'used-up' };
};
