import {
  type Attempt,
  busyTarget,
  type EnvelopeMeta,
  isErrorReason,
  type UpstreamConfig,
  type WeirConfig,
  type WireError,
} from '@weir/contracts';
import { findRoute, selectUpstreams, type UpstreamCandidate } from '@weir/routing';
import { backoffMs } from './backoff.ts';
import { busyAfter, excludedTargets, exclusionOf, exclusionsAfter } from './exclusions.ts';
import { type HealthVerdict, isForgivable } from './health/health-board.ts';
import { inputTokensOf } from './input-tokens.ts';
import type { Place } from './place.ts';
import type { CachedBytesOf } from './prefix-memory.ts';
import * as refusals from './refusals.ts';
import { selectTarget, type TargetQuestion } from './select-target.ts';
import { sessionOf } from './session-of.ts';

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
  /** The backoff of this attempt has been waited for. */
  readonly hasWaited: boolean;
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
}

export type AttemptPlan =
  | { readonly outcome: 'planned'; readonly attempt: PlannedAttempt }
  | { readonly outcome: 'delayed'; readonly delayMs: number }
  /** There are targets, and none has room. `pool` is the one that it should wait for. */
  | { readonly outcome: 'saturated'; readonly pool: string; readonly queueTimeoutMs: number | undefined }
  | { readonly outcome: 'rejected'; readonly error: WireError };

type Search =
  | {
      readonly outcome: 'found';
      readonly candidate: UpstreamCandidate;
      readonly place: Place;
      readonly tokens: number;
    }
  | { readonly outcome: 'saturated'; readonly pool: string }
  /** There are targets, and none is well. */
  | { readonly outcome: 'refused'; readonly until: number | undefined }
  | { readonly outcome: 'none' };

/** Of the input tokens, those that a target has read before. Undefined where the upstream does not go by that. */
const cachedTokensOf = (
  { meta, recall }: PlanInput,
  pool: string,
  { strategy }: UpstreamConfig,
): TargetQuestion['cachedTokensOf'] => {
  const { prefixes } = meta.features;
  if (strategy !== 'prefix' || !prefixes) return undefined;
  const cachedBytesOf = recall(pool, prefixes);
  const tokensPerByte = inputTokensOf(meta) / Math.max(1, meta.body.bytes);
  return (target, newSince) => Math.floor(cachedBytesOf(target, newSince) * tokensPerByte);
};

const reject = (error: WireError): AttemptPlan => ({ outcome: 'rejected', error });

/** The first upstream, in order of preference, with a target that has room. */
const findPlace = (
  config: WeirConfig,
  candidates: readonly UpstreamCandidate[],
  excluded: readonly string[],
  input: PlanInput,
): Search => {
  let saturated: string | undefined;
  let refused: Extract<Search, { outcome: 'refused' }> | undefined;
  for (const candidate of candidates) {
    const upstream = config.upstreams[candidate.upstream];
    if (!upstream) continue;
    const inputTokens = inputTokensOf(input.meta);
    const cached = cachedTokensOf(input, candidate.upstream, upstream);
    const selection = selectTarget({
      upstream,
      places: input.view(candidate.upstream),
      isCurrent: input.isCurrent(candidate.upstream),
      verdict: (place) => input.verdict(candidate.upstream, place),
      excluded: excludedTargets(candidate.upstream, excluded),
      inputTokens,
      cachedTokensOf: cached,
      turn: input.turnOf(candidate.upstream),
      session: sessionOf(input.meta, upstream),
      now: input.now,
      random: input.random,
    });
    if (selection.outcome === 'refused') refused ??= selection;
    if (selection.outcome === 'none' || selection.outcome === 'refused') continue;
    if (selection.outcome === 'selected' && !input.isGated(candidate.upstream)) {
      const { place } = selection;
      const tokens = inputTokens - (cached?.(place.target, place.host.newSince) ?? 0);
      return { outcome: 'found', candidate, place, tokens };
    }
    saturated ??= candidate.upstream;
    // The share of a variant does not depend on load: a first attempt does not move on to another one.
    if (candidate.variant !== undefined && input.meta.attempt === undefined) break;
  }
  if (saturated !== undefined) return { outcome: 'saturated', pool: saturated };
  return refused ?? { outcome: 'none' };
};

/** Targets that failed are taken again only when no other has room, and one that was just at its limit is not. */
const findPlaceOrRetry = (
  config: WeirConfig,
  candidates: readonly UpstreamCandidate[],
  excluded: readonly string[],
  input: PlanInput,
): Search => {
  const found = findPlace(config, candidates, excluded, input);
  if (found.outcome === 'found' || excluded.length === 0) return found;
  const { attempt } = input.meta;
  const isBusy = attempt?.lastFailure === busyTarget && !input.hasWaited;
  const busy = isBusy ? [exclusionOf(attempt.upstream, attempt.target)] : [];
  const again = findPlace(config, candidates, busy, input);
  if (again.outcome !== 'none') return again;
  return isBusy ? { outcome: 'saturated', pool: attempt.upstream } : found;
};

/** What is left out or looks ill is better than nothing; where a circuit is open, nothing is. */
const unlessOpen = (verdict: HealthVerdict): HealthVerdict =>
  verdict.outcome === 'refused' && isForgivable(verdict.reason)
    ? { outcome: 'admitted', penalty: 1 }
    : verdict;

/** The panic rule: when no upstream of the request has a target that is well, health is not asked for. */
const findPlaceOrPanic = (
  config: WeirConfig,
  candidates: readonly UpstreamCandidate[],
  excluded: readonly string[],
  input: PlanInput,
): Search => {
  const found = findPlaceOrRetry(config, candidates, excluded, input);
  if (found.outcome !== 'refused') return found;
  const verdict: PlanInput['verdict'] = (pool, place) => unlessOpen(input.verdict(pool, place));
  return findPlaceOrRetry(config, candidates, excluded, { ...input, verdict });
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

/** A view of the load that was wrong twice is not better the third time. */
const maxBusy = 2;

/** An attempt that was turned away never began, so it is not one of those the route allows. */
const numberAfter = (attempt: Attempt | undefined): number => {
  if (!attempt) return 1;
  const wasTurnedAway = attempt.lastFailure === 'draining' || attempt.lastFailure === busyTarget;
  return wasTurnedAway ? attempt.number : attempt.number + 1;
};

/** Turns a request into an attempt at one target, a pause before it, or an error. */
export const planAttempt = (input: PlanInput): AttemptPlan => {
  const { config, meta, now, random } = input;
  const isFirst = meta.attempt === undefined;
  const number = numberAfter(meta.attempt);
  if (meta.deadline <= now) return reject(refusals.deadlinePassed);
  const route = config && findRoute(config, meta.route);
  if (!route) return reject(refusals.noConfig(isFirst));
  const { retry } = route;
  if (number > retry.attempts) return reject(refusals.attemptsUsedUp(meta.attempt?.lastFailure));
  const busy = busyAfter(meta.attempt);
  // Another target is free now: there is nothing to wait for.
  const wasBusy = meta.attempt?.lastFailure === busyTarget;
  if (!isFirst && !wasBusy && !input.hasWaited) {
    const leftMs = meta.deadline - now;
    return { outcome: 'delayed', delayMs: backoffMs({ retry, number, leftMs, random }) };
  }
  const { principal, api, model } = meta;
  const known = principal ? { principal } : {};
  const canaryWeight = input.canaryWeightOf?.(route.name) ?? 0;
  const selection = selectUpstreams(config, { route, api, model, request: meta, canaryWeight, ...known });
  if (selection.outcome === 'rejected') {
    return reject({ reason: selection.reason, message: selection.message, shouldRetry: false });
  }
  const excluded = exclusionsAfter(meta.attempt);
  // What a target at its limit has turned away too often waits for room.
  const found: Search =
    meta.attempt && busy > maxBusy && !input.hasWaited
      ? { outcome: 'saturated', pool: meta.attempt.upstream }
      : findPlaceOrPanic(config, selection.candidates, excluded, input);
  if (found.outcome === 'saturated') return { ...found, queueTimeoutMs: route.queueTimeoutMs };
  if (found.outcome === 'refused') return reject(refusals.noHealthyTarget(model, now, found.until));
  if (found.outcome === 'none') return reject(refusals.noTarget(model, isFirst));
  const { upstream } = found.candidate;
  const { target } = found.place;
  const tried = [...excluded, exclusionOf(upstream, target)];
  const attempt: PlannedAttempt = {
    number,
    remaining: retry.attempts - number,
    alternatives: countAlternatives(config, selection.candidates, tried, input.view),
    upstream,
    target,
    instance: found.place.instance,
    model: found.candidate.model,
    excluded,
    lastFailure: meta.attempt?.lastFailure,
    busy: busy === 0 ? undefined : busy,
    reservedTokens: found.tokens,
    variant: found.candidate.variant,
  };
  return { outcome: 'planned', attempt };
};

/** A failure as a metric's label: a closed set. */
export const retryReasonOf = ({ lastFailure }: PlannedAttempt): string =>
  isErrorReason(lastFailure) ? lastFailure : 'other';
