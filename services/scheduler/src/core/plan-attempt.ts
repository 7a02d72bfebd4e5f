import {
  type Attempt,
  type EnvelopeMeta,
  isErrorReason,
  type UpstreamConfig,
  type WeirConfig,
  type WireError,
} from '@weir/contracts';
import { findRoute, selectUpstreams, type UpstreamCandidate } from '@weir/routing';
import { backoffMs } from './backoff.ts';
import { excludedTargets, exclusionOf, exclusionsAfter } from './exclusions.ts';
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
  /** What targets of a pool have read before of prompts with these prefixes, in bytes. */
  readonly recall: (pool: string, prefixes: readonly string[]) => CachedBytesOf;
  /** Counts the requests of a pool, for round-robin. */
  readonly turnOf: (pool: string) => number;
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
  readonly reservedTokens: number;
}

export type AttemptPlan =
  | { readonly outcome: 'planned'; readonly attempt: PlannedAttempt }
  | { readonly outcome: 'delayed'; readonly delayMs: number }
  | { readonly outcome: 'rejected'; readonly error: WireError };

interface Found {
  readonly candidate: UpstreamCandidate;
  readonly place: Place;
  /** Input tokens that the target has yet to read. */
  readonly tokens: number;
}

const charsPerToken = 4;

const inputTokensOf = ({ features }: EnvelopeMeta): number =>
  features.inputTokens ?? Math.ceil(features.chars / charsPerToken);

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
): Found | 'saturated' | 'none' => {
  let isAnySaturated = false;
  for (const candidate of candidates) {
    const upstream = config.upstreams[candidate.upstream];
    if (!upstream) continue;
    const inputTokens = inputTokensOf(input.meta);
    const cached = cachedTokensOf(input, candidate.upstream, upstream);
    const selection = selectTarget({
      upstream,
      places: input.view(candidate.upstream),
      isCurrent: input.isCurrent(candidate.upstream),
      excluded: excludedTargets(candidate.upstream, excluded),
      inputTokens,
      cachedTokensOf: cached,
      turn: input.turnOf(candidate.upstream),
      session: sessionOf(input.meta, upstream),
      now: input.now,
      random: input.random,
    });
    if (selection.outcome === 'selected') {
      const { place } = selection;
      return { candidate, place, tokens: inputTokens - (cached?.(place.target, place.host.newSince) ?? 0) };
    }
    if (selection.outcome === 'saturated') isAnySaturated = true;
  }
  return isAnySaturated ? 'saturated' : 'none';
};

/** Targets that failed are taken again only when no other has room. */
const findPlaceOrRetry = (
  config: WeirConfig,
  candidates: readonly UpstreamCandidate[],
  excluded: readonly string[],
  input: PlanInput,
): Found | 'saturated' | 'none' => {
  const found = findPlace(config, candidates, excluded, input);
  if (typeof found === 'object' || excluded.length === 0) return found;
  const again = findPlace(config, candidates, [], input);
  return again === 'none' ? found : again;
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

/** An attempt that a draining adapter turned away never began, so it is not one of those the route allows. */
const numberAfter = (attempt: Attempt | undefined): number => {
  if (!attempt) return 1;
  return attempt.lastFailure === 'draining' ? attempt.number : attempt.number + 1;
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
  if (!isFirst && !input.hasWaited) {
    const leftMs = meta.deadline - now;
    return { outcome: 'delayed', delayMs: backoffMs({ retry, number, leftMs, random }) };
  }
  const { principal, api, model } = meta;
  const selection = selectUpstreams(config, { route, api, model, ...(principal ? { principal } : {}) });
  if (selection.outcome === 'rejected') {
    return reject({ reason: selection.reason, message: selection.message, shouldRetry: false });
  }
  const excluded = exclusionsAfter(meta.attempt);
  const found = findPlaceOrRetry(config, selection.candidates, excluded, input);
  if (found === 'saturated') return reject(refusals.saturated(model));
  if (found === 'none') return reject(refusals.noTarget(model, isFirst));
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
    reservedTokens: found.tokens,
  };
  return { outcome: 'planned', attempt };
};

/** A failure as a metric's label: a closed set. */
export const retryReasonOf = ({ lastFailure }: PlannedAttempt): string =>
  isErrorReason(lastFailure) ? lastFailure : 'other';
