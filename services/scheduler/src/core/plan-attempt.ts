import {
  type EnvelopeMeta,
  type FallbackOffer,
  type FallbackState,
  isErrorReason,
  type RetryBudgetConfig,
  type RetryRule,
  type RouteConfig,
  type UpstreamConfig,
  type WeirConfig,
  type WireError,
} from '@weir/contracts';
import { findRoute, selectFallbacks, selectUpstreams, type UpstreamCandidate } from '@weir/routing';
import { type AttemptStage, decideStage, moveToFallback } from './attempt-stage.ts';
import { pauseMs } from './backoff.ts';
import { excludedTargets, exclusionOf, exclusionsAfter } from './exclusions.ts';
import { reasonToLeave, toFallbackOffer } from './fallback-offer.ts';
import type { Place } from './place.ts';
import { exhaustedTargets, shortWaitMs } from './provider-quota.ts';
import * as refusals from './refusals.ts';
import { selectTarget } from './select-target.ts';

export interface PlanInput {
  /** Undefined until there is one. */
  readonly config: WeirConfig | undefined;
  readonly meta: EnvelopeMeta;
  /** Fresh places of a pool. */
  readonly view: (pool: string) => readonly Place[];
  /** Whether what is known of a pool is what it is like now. */
  readonly isCurrent: (pool: string) => boolean;
  /** Counts the requests of a pool, for round-robin. */
  readonly turnOf: (pool: string) => number;
  /** The pause before this attempt has been waited for. */
  readonly hasWaited: boolean;
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
  readonly reservedTokens: number;
  readonly retry?: RetryRule;
  readonly perTryTimeoutMs?: number;
  readonly fallbackOffer?: FallbackOffer;
  readonly fallback?: FallbackState;
}

export type AttemptPlan =
  | { readonly outcome: 'planned'; readonly attempt: PlannedAttempt }
  | { readonly outcome: 'delayed'; readonly delayMs: number }
  | { readonly outcome: 'rejected'; readonly error: WireError };

interface Found {
  readonly candidate: UpstreamCandidate;
  readonly place: Place;
}

interface Missing {
  /** `exhausted`: targets would have room, but their provider's limit is used up. */
  readonly why: 'none' | 'saturated' | 'exhausted';
  /** When the first provider has something left, milliseconds since the epoch. Infinite unless one is exhausted. */
  readonly until: number;
}

const charsPerToken = 4;

const inputTokensOf = ({ features }: EnvelopeMeta): number =>
  features.inputTokens ?? Math.ceil(features.chars / charsPerToken);

const reject = (error: WireError): AttemptPlan => ({ outcome: 'rejected', error });

const exhaustedOf = (upstream: UpstreamConfig, places: readonly Place[], input: PlanInput) =>
  upstream.providerQuota === 'respect'
    ? exhaustedTargets(places, inputTokensOf(input.meta), input.now)
    : undefined;

/** The first upstream, in order of preference, with a target that has room. */
const findPlace = (
  config: WeirConfig,
  candidates: readonly UpstreamCandidate[],
  excluded: readonly string[],
  input: PlanInput,
): Found | Missing => {
  let isAnySaturated = false;
  let until = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const upstream = config.upstreams[candidate.upstream];
    if (!upstream) continue;
    const places = input.view(candidate.upstream);
    const failed = excludedTargets(candidate.upstream, excluded);
    const exhausted = exhaustedOf(upstream, places, input);
    const selection = selectTarget({
      upstream,
      places,
      isCurrent: input.isCurrent(candidate.upstream),
      excluded: exhausted?.size ? new Set([...failed, ...exhausted.keys()]) : failed,
      inputTokens: inputTokensOf(input.meta),
      turn: input.turnOf(candidate.upstream),
      random: input.random,
    });
    if (selection.outcome === 'selected') return { candidate, place: selection.place };
    if (selection.outcome === 'saturated') isAnySaturated = true;
    for (const [target, opens] of exhausted ?? []) if (!failed.has(target)) until = Math.min(until, opens);
  }
  if (isAnySaturated) return { why: 'saturated', until };
  return { why: until < Number.POSITIVE_INFINITY ? 'exhausted' : 'none', until };
};

/** Targets that failed are taken again only when no other has room. */
const findPlaceOrRetry = (
  config: WeirConfig,
  candidates: readonly UpstreamCandidate[],
  excluded: readonly string[],
  input: PlanInput,
): Found | Missing => {
  const found = findPlace(config, candidates, excluded, input);
  if ('place' in found || excluded.length === 0) return found;
  const again = findPlace(config, candidates, [], input);
  return 'why' in again && again.why === 'none' ? found : again;
};

/** Open targets over all upstreams that this request has not tried, the chosen one apart. */
const countAlternatives = (
  config: WeirConfig,
  candidates: readonly UpstreamCandidate[],
  tried: readonly string[],
  view: PlanInput['view'],
): number => {
  const untried = new Set<string>();
  for (const { upstream } of candidates) {
    const open = new Set(view(upstream).flatMap((place) => (place.isOpen ? [place.target] : [])));
    for (const { name } of config.upstreams[upstream]?.targets ?? []) {
      if (open.has(name)) untried.add(exclusionOf(upstream, name));
    }
  }
  for (const entry of tried) untried.delete(entry);
  return untried.size;
};

/** What leads to an attempt. */
interface Setting {
  readonly config: WeirConfig;
  readonly route: RouteConfig;
  readonly excluded: readonly string[];
  readonly fallbacks: readonly UpstreamCandidate[];
}

const hasOpenTarget = (candidates: readonly UpstreamCandidate[], { view }: PlanInput): boolean =>
  candidates.some(({ upstream }) => view(upstream).some(({ isOpen }) => isOpen));

const toPlan = (
  { candidate, place }: Found,
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
    reservedTokens: inputTokensOf(input.meta),
    ...(on === undefined ? {} : { retry: statusCodes === undefined ? { on } : { on, statusCodes } }),
    ...(retry.perTryTimeoutMs === undefined ? {} : { perTryTimeoutMs: retry.perTryTimeoutMs }),
    ...(isOffered ? { fallbackOffer: toFallbackOffer(rules) } : {}),
    ...(stage.fallback === undefined ? {} : { fallback: stage.fallback }),
  };
  return { outcome: 'planned', attempt };
};

/** Nothing has room: to the fallback if that is a trigger, else a short wait or an error. */
const planWithoutPlace = (
  missing: Missing,
  stage: AttemptStage,
  candidates: readonly UpstreamCandidate[],
  setting: Setting,
  input: PlanInput,
): AttemptPlan => {
  const { config, route, excluded, fallbacks } = setting;
  const { meta, now, hasWaited } = input;
  const reason = !stage.fallback && route.fallback && reasonToLeave(missing.why, route.fallback);
  if (reason) {
    const found = findPlaceOrRetry(config, fallbacks, excluded, input);
    const from = meta.attempt?.upstream ?? candidates[0]?.upstream ?? '';
    const moved = moveToFallback(route, stage.number, from, reason);
    if ('place' in found) return toPlan(found, moved, fallbacks, setting, input);
  }
  if (stage.isMove) return reject(refusals.attemptsUsedUp(meta.attempt?.lastFailure));
  if (missing.why === 'saturated') return reject(refusals.saturated(meta.model));
  if (missing.why === 'none') return reject(refusals.noTarget(meta.model, meta.attempt === undefined));
  const waitMs = missing.until - now;
  const isShort = waitMs <= Math.min(shortWaitMs, (meta.deadline - now) / 2);
  if (isShort && !hasWaited) return { outcome: 'delayed', delayMs: waitMs };
  return reject(refusals.quotaUsedUp(meta.model, waitMs));
};

/** Turns a request into an attempt at one target, a pause before it, or an error. */
export const planAttempt = (input: PlanInput): AttemptPlan => {
  const { config, meta, now, random, hasWaited } = input;
  const isFirst = meta.attempt === undefined;
  if (meta.deadline <= now) return reject(refusals.deadlinePassed);
  const route = config && findRoute(config, meta.route);
  if (!route) return reject(refusals.noConfig(isFirst));
  const { retry } = route;
  const lastFailure = meta.attempt?.lastFailure;
  const { budget } = retry;
  const decided = decideStage(
    route,
    meta.attempt,
    // It was taken before the pause.
    () => hasWaited || budget === undefined || input.spendRetry(route.name, budget),
  );
  if (decided.outcome === 'used-up') return reject(refusals.attemptsUsedUp(lastFailure));
  if (decided.outcome === 'no-budget') return reject(refusals.retryBudgetSpent(lastFailure));
  const { stage } = decided;
  const { principal, api, model } = meta;
  const selection = selectUpstreams(config, { route, api, model, ...(principal ? { principal } : {}) });
  if (selection.outcome === 'rejected') {
    return reject({ reason: selection.reason, message: selection.message, shouldRetry: false });
  }
  const fallbacks = route.fallback ? selectFallbacks(config, { route, api, model }) : [];
  const candidates = stage.fallback ? fallbacks : selection.candidates;
  const excluded = exclusionsAfter(meta.attempt);
  if (!isFirst && !hasWaited && !stage.isMove) {
    const leftMs = meta.deadline - now;
    const isElsewhere = countAlternatives(config, candidates, excluded, input.view) > 0;
    const retryAfterMs = isElsewhere ? 0 : (meta.attempt?.failure?.retryAfterMs ?? 0);
    if (retryAfterMs >= leftMs) return reject(refusals.attemptsUsedUp(lastFailure));
    const number = retry.attempts - stage.remaining;
    return { outcome: 'delayed', delayMs: pauseMs({ retry, number, leftMs, random, retryAfterMs }) };
  }
  const setting: Setting = { config, route, excluded, fallbacks };
  const found = findPlaceOrRetry(config, candidates, excluded, input);
  return 'place' in found
    ? toPlan(found, stage, candidates, setting, input)
    : planWithoutPlace(found, stage, candidates, setting, input);
};

/** A failure as a metric's label: a closed set. */
export const retryReasonOf = ({ lastFailure }: PlannedAttempt): string =>
  isErrorReason(lastFailure) ? lastFailure : 'other';
