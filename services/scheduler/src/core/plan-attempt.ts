import {
  busyTarget,
  type EnvelopeMeta,
  type FallbackOffer,
  type FallbackState,
  isErrorReason,
  type RetryBudgetConfig,
  type RetryRule,
  type RouteConfig,
  type WeirConfig,
  type WireError,
} from '@weir/contracts';
import { findRoute, selectFallbacks, selectUpstreams, type UpstreamCandidate } from '@weir/routing';
import { type AttemptStage, decideStage, moveToFallback } from './attempt-stage.ts';
import { givenUpAt, refuseLate, toAnswerBy } from './attempt-time.ts';
import { pauseMs } from './backoff.ts';
import { busyAfter, exclusionOf, exclusionsAfter } from './exclusions.ts';
import { reasonToLeave, toFallbackOffer } from './fallback-offer.ts';
import {
  countAlternatives,
  type Found,
  findPlaceInPanic,
  findPlaceOrRetry,
  hasOpenTarget,
  type Missing,
  type Search,
} from './find-place.ts';
import type { HealthVerdict } from './health/health-board.ts';
import type { Place } from './place.ts';
import type { CachedBytesOf } from './prefix-memory.ts';
import { shortWaitMs } from './provider-quota.ts';
import * as refusals from './refusals.ts';

export interface PlanInput {
  /** Undefined until there is one. */
  readonly config: WeirConfig | undefined;
  readonly meta: EnvelopeMeta;
  /** Fresh places of a pool. */
  readonly view: (pool: string) => readonly Place[];
  /** Whether what is known of a pool is what it is like now. */
  readonly isCurrent: (pool: string) => boolean;
  /** Whether requests wait for a pool: whatever comes later waits behind them. */
  readonly isGated: (pool: string) => boolean;
  /** Whether a place of a pool may be given something, as its health shows. */
  readonly verdict: (pool: string, place: Place) => HealthVerdict;
  /** What targets of a pool have read before of prompts with these prefixes, in bytes. */
  readonly recall: (pool: string, prefixes: readonly string[]) => CachedBytesOf;
  /** Counts the requests of a pool, for round-robin. */
  readonly turnOf: (pool: string) => number;
  /** Percent of a route's requests that its canary gets. Absent: 0. */
  readonly canaryWeightOf?: (route: string) => number;
  /** The pause before this attempt has been waited for. */
  readonly hasWaited: boolean;
  /** The upstream in whose queue it is. Absent: in none. */
  readonly waitsFor?: string;
  /** Takes one of the retries that the budget of a route has left. */
  readonly spendRetry: (route: string, budget: RetryBudgetConfig) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** An attempt, before it has a dispatch number. */
export interface PlannedAttempt {
  readonly number: number;
  readonly remaining: number;
  readonly alternatives: number;
  readonly upstream: string;
  readonly target: string;
  readonly instance: string;
  /** As the upstream names it. */
  readonly model: string;
  readonly excluded: readonly string[];
  readonly lastFailure: string | undefined;
  /** How often the request was turned away. Undefined: never. */
  readonly busy: number | undefined;
  readonly reservedTokens: number;
  /** Which of the route's variants the upstream is. Undefined: the route has none. */
  readonly variant: string | undefined;
  readonly retry?: RetryRule;
  readonly perTryTimeoutMs?: number;
  readonly answerBy?: number;
  readonly fallbackOffer?: FallbackOffer;
  readonly fallback?: FallbackState;
}

export type AttemptPlan =
  | { readonly outcome: 'planned'; readonly attempt: PlannedAttempt }
  | { readonly outcome: 'delayed'; readonly delayMs: number }
  /** There are targets, and none has room. `pool` is the one that it should wait for. */
  | { readonly outcome: 'saturated'; readonly pool: string; readonly queueTimeoutMs: number | undefined }
  | { readonly outcome: 'rejected'; readonly error: WireError };

const reject = (error: WireError): AttemptPlan => ({ outcome: 'rejected', error });

/** What leads to an attempt. */
interface Setting {
  readonly config: WeirConfig;
  readonly route: RouteConfig;
  readonly excluded: readonly string[];
  readonly fallbacks: readonly UpstreamCandidate[];
}

/** A view of the load that was wrong twice is not better the third time. */
const maxBusy = 2;

const toPlan = (
  { candidate, place, tokens }: Found,
  stage: AttemptStage,
  candidates: readonly UpstreamCandidate[],
  { config, route, excluded, fallbacks }: Setting,
  input: PlanInput,
): AttemptPlan => {
  const { retry, fallback: rules } = route;
  const { upstream } = candidate;
  const { target, instance } = place;
  const tried = [...excluded, exclusionOf(upstream, target)];
  const isOffered = rules !== undefined && stage.fallback === undefined && hasOpenTarget(fallbacks, input);
  const { on, statusCodes } = retry;
  const busy = busyAfter(input.meta.attempt);
  const answerBy = toAnswerBy(retry, input.meta.attempt, input.now);
  const attempt: PlannedAttempt = {
    number: stage.number,
    remaining: stage.remaining,
    alternatives: countAlternatives(config, candidates, tried, input.view),
    upstream,
    target,
    instance,
    model: candidate.model,
    excluded,
    lastFailure: input.meta.attempt?.lastFailure,
    busy: busy === 0 ? undefined : busy,
    reservedTokens: tokens,
    variant: candidate.variant,
    ...(on === undefined ? {} : { retry: statusCodes === undefined ? { on } : { on, statusCodes } }),
    ...(retry.perTryTimeoutMs === undefined ? {} : { perTryTimeoutMs: retry.perTryTimeoutMs }),
    ...(answerBy === undefined ? {} : { answerBy }),
    ...(isOffered ? { fallbackOffer: toFallbackOffer(rules) } : {}),
    ...(stage.fallback === undefined ? {} : { fallback: stage.fallback }),
  };
  return { outcome: 'planned', attempt };
};

/** What there is at the fallback for a request that may go there. Undefined: nothing, or it may not. */
const planFallback = (
  find: typeof findPlaceOrRetry,
  missing: Missing,
  stage: AttemptStage,
  candidates: readonly UpstreamCandidate[],
  setting: Setting,
  input: PlanInput,
): AttemptPlan | undefined => {
  const { config, route, excluded, fallbacks } = setting;
  const reason = !stage.fallback && route.fallback && reasonToLeave(missing.outcome, route.fallback);
  if (!reason) return undefined;
  const found = find(config, fallbacks, excluded, input);
  if (found.outcome !== 'found') return undefined;
  const from = input.meta.attempt?.upstream ?? candidates[0]?.upstream ?? '';
  return toPlan(found, moveToFallback(route, stage.number, from, reason), fallbacks, setting, input);
};

/** Nothing is to be had: a wait or an error. */
const planWithoutPlace = (
  missing: Missing,
  stage: AttemptStage,
  { route }: Setting,
  { meta, now, hasWaited }: PlanInput,
): AttemptPlan => {
  if (missing.outcome === 'saturated') return { ...missing, queueTimeoutMs: route.queueTimeoutMs };
  if (stage.isMove) return reject(refusals.attemptsUsedUp(meta.attempt?.lastFailure));
  if (missing.outcome === 'refused') return reject(refusals.noHealthyTarget(meta.model, now, missing.until));
  if (missing.outcome === 'none') return reject(refusals.noTarget(meta.model, meta.attempt === undefined));
  const waitMs = missing.until - now;
  const isShort = waitMs <= Math.min(shortWaitMs, (givenUpAt(meta) - now) / 2);
  if (isShort && !hasWaited) return { outcome: 'delayed', delayMs: waitMs };
  return reject(refusals.quotaUsedUp(meta.model, waitMs));
};

/** What a target at its limit has turned away too often waits for room, once it has come back from there. */
const search = (candidates: readonly UpstreamCandidate[], setting: Setting, input: PlanInput): Search => {
  const { attempt } = input.meta;
  const isTurnedAway = attempt?.lastFailure === busyTarget && busyAfter(attempt) > maxBusy;
  if (isTurnedAway && !input.hasWaited) return { outcome: 'saturated', pool: attempt.upstream };
  return findPlaceOrRetry(setting.config, candidates, setting.excluded, input);
};

/** Where the request belongs; else at a fallback that is well; else where it belongs, ill as it is; else at a fallback. */
const planPlace = (
  stage: AttemptStage,
  candidates: readonly UpstreamCandidate[],
  setting: Setting,
  input: PlanInput,
): AttemptPlan => {
  const found = search(candidates, setting, input);
  if (found.outcome === 'found') return toPlan(found, stage, candidates, setting, input);
  const well = planFallback(findPlaceOrRetry, found, stage, candidates, setting, input);
  if (well) return well;
  const { config, excluded } = setting;
  const ill = found.outcome === 'refused' ? findPlaceInPanic(config, candidates, excluded, input) : found;
  if (ill.outcome === 'found') return toPlan(ill, stage, candidates, setting, input);
  return (
    planFallback(findPlaceInPanic, ill, stage, candidates, setting, input) ??
    planWithoutPlace(ill, stage, setting, input)
  );
};

/** The pause before a further attempt; an error where it would be longer than the request has left. */
const planPause = (
  stage: AttemptStage,
  candidates: readonly UpstreamCandidate[],
  { config, route, excluded }: Setting,
  { meta, now, random, view }: PlanInput,
): AttemptPlan => {
  const { retry } = route;
  const leftMs = givenUpAt(meta) - now;
  const isElsewhere = countAlternatives(config, candidates, excluded, view) > 0;
  const retryAfterMs = isElsewhere ? 0 : (meta.attempt?.failure?.retryAfterMs ?? 0);
  if (retryAfterMs >= leftMs) return reject(refusals.attemptsUsedUp(meta.attempt?.lastFailure));
  const number = retry.attempts - stage.remaining;
  return { outcome: 'delayed', delayMs: pauseMs({ retry, number, leftMs, random, retryAfterMs }) };
};

const isAmong = (candidates: readonly UpstreamCandidate[], name: string): boolean =>
  candidates.some(({ upstream }) => upstream === name);

/** Where policy's grant lets the request go to no other upstreams than those of the fallback. */
const grantedFallback = (
  { grant }: EnvelopeMeta,
  [own]: readonly UpstreamCandidate[],
): FallbackState | undefined =>
  grant?.fallback && { reason: grant.fallback, from: own?.upstream ?? '', since: 1 };

/** Turns a request into an attempt at one target, a pause before it, or an error. */
export const planAttempt = (input: PlanInput): AttemptPlan => {
  const { config, meta, now, hasWaited } = input;
  const isFirst = meta.attempt === undefined;
  const late = refuseLate(meta, now);
  if (late) return reject(late);
  const route = config && findRoute(config, meta.route);
  if (!route) return reject(refusals.noConfig(isFirst));
  const lastFailure = meta.attempt?.lastFailure;
  const { budget } = route.retry;
  const { principal, api, model } = meta;
  const known = principal ? { principal } : {};
  const canaryWeight = input.canaryWeightOf?.(route.name) ?? 0;
  const selection = selectUpstreams(config, { route, api, model, request: meta, canaryWeight, ...known });
  if (selection.outcome === 'rejected') {
    return reject({ reason: selection.reason, message: selection.message, shouldRetry: false });
  }
  const { waitsFor } = input;
  // It was taken before the pause, or before the queue of an own upstream. In that of a fallback it was refused.
  const isTaken = hasWaited && (waitsFor === undefined || isAmong(selection.candidates, waitsFor));
  const spendRetry = () =>
    budget === undefined || isTaken || (waitsFor === undefined && input.spendRetry(route.name, budget));
  const decided = decideStage(route, meta.attempt, spendRetry, grantedFallback(meta, selection.candidates));
  if (decided.outcome === 'used-up') return reject(refusals.attemptsUsedUp(lastFailure));
  if (decided.outcome === 'no-budget') return reject(refusals.retryBudgetSpent(lastFailure));
  const { stage } = decided;
  const fallbacks = route.fallback ? selectFallbacks(config, { route, api, model }) : [];
  const candidates = stage.fallback ? fallbacks : selection.candidates;
  const setting: Setting = { config, route, excluded: exclusionsAfter(meta.attempt), fallbacks };
  // Another target is free now: there is nothing to wait for.
  const isNoPause = isFirst || hasWaited || stage.isMove || lastFailure === busyTarget;
  return isNoPause
    ? planPlace(stage, candidates, setting, input)
    : planPause(stage, candidates, setting, input);
};

/** A failure as a metric's label: a closed set. */
export const retryReasonOf = ({ lastFailure }: PlannedAttempt): string =>
  isErrorReason(lastFailure) ? lastFailure : 'other';
