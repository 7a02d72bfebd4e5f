import type { UpstreamConfig } from '@weir/contracts';
import { enginePressure } from './engine-pressure.ts';
import type { HealthVerdict } from './health/health-board.ts';
import { hasRoom, type Place } from './place.ts';

/** How much a target may have before it counts as busy. */
export type Headroom = Pick<
  UpstreamConfig['queue'],
  'maxRunningPerTarget' | 'maxPendingTokensPerTarget' | 'maxWaiting'
>;

/** A target with all places that lead to it. */
export interface Choice {
  readonly name: string;
  readonly weight: number;
  readonly pendingTokens: number;
  readonly running: number;
  readonly tokensPerSecond: number | undefined;
  readonly firstByteMs: number | undefined;
  /** Since when it is there. Undefined: it is not new. */
  readonly newSince: number | undefined;
  /** Factor of its cost, for a target that does worse than the others. */
  readonly penalty: number;
  /** Undefined: not known. */
  readonly kvUsage: number | undefined;
  /** It has as many of our requests as it may have, as far as we know. */
  readonly isAtLimit: boolean;
  /** Places with room. */
  readonly free: readonly Place[];
}

/** The places of one target that may be given something. */
export interface Admission {
  readonly admitted: readonly Place[];
  readonly penalty: number;
  /** Of those that may not, the first that may again. */
  readonly until: number | undefined;
}

/** Of one adapter at one target. */
export interface RequestLimit {
  readonly requests: number;
  /** There is a queue for what finds all targets at it. */
  readonly canWait: boolean;
}

export const admit = (places: readonly Place[], verdictOf: (place: Place) => HealthVerdict): Admission => {
  const admitted: Place[] = [];
  let penalty = 1;
  let until: number | undefined;
  for (const place of places) {
    const verdict = verdictOf(place);
    if (verdict.outcome === 'admitted') {
      admitted.push(place);
      penalty = Math.max(penalty, verdict.penalty);
    } else if (verdict.until !== undefined) until = Math.min(until ?? verdict.until, verdict.until);
  }
  return { admitted, penalty, until };
};

/** A target is as old as the first of the instances that lead there: most of them only pass on what it does. */
const newSinceOf = (places: readonly Place[]): number | undefined => {
  const since = Math.min(...places.map(({ host }) => host.newSince ?? Number.NEGATIVE_INFINITY));
  return Number.isFinite(since) ? since : undefined;
};

export const toChoice = (
  { name, weight }: Pick<Choice, 'name' | 'weight'>,
  places: readonly Place[],
  admission: Admission,
  limit: RequestLimit,
): Choice => {
  let pendingTokens = 0;
  let running = 0;
  let tokensPerSecond: number | undefined;
  let firstByteMs: number | undefined;
  for (const place of places) {
    pendingTokens += place.pendingTokens;
    running += place.running;
    // Each instance sees its own share of the target's work, so the highest is the closest to the truth.
    if (place.prefillTokensPerSecond !== undefined) {
      tokensPerSecond = Math.max(tokensPerSecond ?? 0, place.prefillTokensPerSecond);
    }
    if (place.firstByteMs !== undefined) firstByteMs = Math.max(firstByteMs ?? 0, place.firstByteMs);
  }
  const roomy = admission.admitted.filter(hasRoom);
  const below = roomy.filter((place) => place.running < limit.requests);
  const { kvUsage, foreign, foreignTokens } = enginePressure(places, running);
  return {
    name,
    weight,
    pendingTokens: pendingTokens + foreignTokens,
    running: running + foreign,
    tokensPerSecond,
    firstByteMs,
    newSince: newSinceOf(places),
    kvUsage,
    isAtLimit: below.length === 0,
    penalty: admission.penalty,
    // What ended since the last report still shows. Who cannot wait for the next one leaves the last word to the adapter.
    free: below.length > 0 || limit.canWait ? below : roomy,
  };
};

/** A request larger than the bound goes to a target that has less than that: it would wait for ever. */
export const hasHeadroom = ({ running, pendingTokens }: Choice, queue: Headroom | undefined): boolean =>
  running < (queue?.maxRunningPerTarget ?? Number.POSITIVE_INFINITY) &&
  pendingTokens < (queue?.maxPendingTokensPerTarget ?? Number.POSITIVE_INFINITY);
