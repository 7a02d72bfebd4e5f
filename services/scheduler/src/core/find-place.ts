import { busyTarget, type UpstreamConfig, type WeirConfig } from '@weir/contracts';
import type { UpstreamCandidate } from '@weir/routing';
import { excludedTargets, exclusionOf } from './exclusions.ts';
import { type HealthVerdict, isForgivable } from './health/health-board.ts';
import { inputTokensOf } from './input-tokens.ts';
import type { Place } from './place.ts';
import type { PlanInput } from './plan-attempt.ts';
import { exhaustedTargets } from './provider-quota.ts';
import { selectTarget, type TargetQuestion } from './select-target.ts';
import { sessionOf } from './session-of.ts';

export interface Found {
  readonly outcome: 'found';
  readonly candidate: UpstreamCandidate;
  readonly place: Place;
  /** Input tokens that the target has yet to read. */
  readonly tokens: number;
}

export type Missing =
  | { readonly outcome: 'saturated'; readonly pool: string }
  /** Targets would have room, but their provider's limit is used up. `until`: when the first has something left. */
  | { readonly outcome: 'exhausted'; readonly until: number }
  /** There are targets, and none is well. */
  | { readonly outcome: 'refused'; readonly until: number | undefined }
  | { readonly outcome: 'none' };

export type Search = Found | Missing;

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

const exhaustedOf = (upstream: UpstreamConfig, places: readonly Place[], input: PlanInput) =>
  upstream.providerQuota === 'respect'
    ? exhaustedTargets(places, inputTokensOf(input.meta), input.now)
    : undefined;

const sooner = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined ? other : Math.min(one, other ?? one);

/** Places of one upstream, and when the first target opens again whose provider's limit is used up. */
const searchUpstream = (
  candidate: UpstreamCandidate,
  upstream: UpstreamConfig,
  excluded: readonly string[],
  input: PlanInput,
): { readonly search: Search; readonly opensAt: number | undefined } => {
  const name = candidate.upstream;
  const places = input.view(name);
  const failed = excludedTargets(name, excluded);
  const exhausted = exhaustedOf(upstream, places, input);
  const inputTokens = inputTokensOf(input.meta);
  const cached = cachedTokensOf(input, name, upstream);
  const selection = selectTarget({
    upstream,
    places,
    isCurrent: input.isCurrent(name),
    verdict: (place) => input.verdict(name, place),
    excluded: exhausted?.size ? new Set([...failed, ...exhausted.keys()]) : failed,
    inputTokens,
    cachedTokensOf: cached,
    turn: input.turnOf(name),
    session: sessionOf(input.meta, upstream),
    now: input.now,
    random: input.random,
  });
  let opensAt: number | undefined;
  for (const [target, opens] of exhausted ?? []) if (!failed.has(target)) opensAt = sooner(opensAt, opens);
  if (selection.outcome === 'saturated') return { search: { outcome: 'saturated', pool: name }, opensAt };
  if (selection.outcome !== 'selected') return { search: selection, opensAt };
  const { place } = selection;
  const tokens = inputTokens - (cached?.(place.target, place.host.newSince) ?? 0);
  const found: Search = input.isGated(name)
    ? { outcome: 'saturated', pool: name }
    : { outcome: 'found', candidate, place, tokens };
  return { search: found, opensAt };
};

/** The first upstream, in order of preference, with a target that has room. */
const findPlace = (
  config: WeirConfig,
  candidates: readonly UpstreamCandidate[],
  excluded: readonly string[],
  input: PlanInput,
): Search => {
  let saturated: Missing | undefined;
  let refused: Missing | undefined;
  let until: number | undefined;
  for (const candidate of candidates) {
    const upstream = config.upstreams[candidate.upstream];
    if (!upstream) continue;
    const { search, opensAt } = searchUpstream(candidate, upstream, excluded, input);
    if (search.outcome === 'found') return search;
    until = sooner(until, opensAt);
    if (search.outcome === 'refused') refused ??= search;
    if (search.outcome !== 'saturated') continue;
    saturated ??= search;
    // The share of a variant does not depend on load: a first attempt does not move on to another one.
    if (candidate.variant !== undefined && input.meta.attempt === undefined) break;
  }
  if (saturated) return saturated;
  return until === undefined ? (refused ?? { outcome: 'none' }) : { outcome: 'exhausted', until };
};

/** Targets that failed are taken again only when no other has room, and one that was just at its limit is not. */
export const findPlaceOrRetry = (
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

/** The panic rule, for when no upstream has a target that is well: health is not asked for. */
export const findPlaceInPanic = (
  config: WeirConfig,
  candidates: readonly UpstreamCandidate[],
  excluded: readonly string[],
  input: PlanInput,
): Search => {
  const verdict: PlanInput['verdict'] = (pool, place) => unlessOpen(input.verdict(pool, place));
  return findPlaceOrRetry(config, candidates, excluded, { ...input, verdict });
};

/** Places of an upstream that is well, without a look at load: whether a fallback has any hope. */
export const hasOpenTarget = (candidates: readonly UpstreamCandidate[], { view }: PlanInput): boolean =>
  candidates.some(({ upstream }) => view(upstream).some(({ isOpen }) => isOpen));

/** Open targets over all upstreams that this request has not tried, the chosen one apart. */
export const countAlternatives = (
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
