import type { Strategy, UpstreamConfig } from '@weir/contracts';
import { admit, type Choice, type Headroom, hasHeadroom, type RequestLimit, toChoice } from './choice.ts';
import { kvCostMs, usualKvUsage } from './engine-pressure.ts';
import type { HealthVerdict } from './health/health-board.ts';
import type { Place } from './place.ts';
import { slowStartFactor } from './slow-start.ts';
import { byLeastLatency } from './strategies/least-latency.ts';
import { bySession } from './strategies/session.ts';

export interface TargetQuestion {
  readonly upstream: Pick<UpstreamConfig, 'targets' | 'strategy' | 'maxRequestsPerTarget'> &
    Partial<Pick<UpstreamConfig, 'affinity' | 'slowStartMs'>> & { readonly queue?: Headroom };
  /** Every fresh place of the upstream's pool. */
  readonly places: readonly Place[];
  /** Whether a place may be given something, as its health shows. */
  readonly verdict: (place: Place) => HealthVerdict;
  /** Names of targets that are not wanted. */
  readonly excluded: ReadonlySet<string>;
  /** Input tokens of this request. */
  readonly inputTokens: number;
  /** Whether the numbers of the places are those of now. */
  readonly isCurrent: boolean;
  /** Counts the requests of this pool, for round-robin. */
  readonly turn: number;
  /** What the request has in common with others that are to go where it goes. Undefined: nothing. */
  readonly session?: string | undefined;
  /** Of the input tokens, those that the target need not read once more. Undefined: none. */
  readonly cachedTokensOf?: ((target: string, newSince: number | undefined) => number) | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export type TargetSelection =
  | { readonly outcome: 'selected'; readonly place: Place }
  /** There are targets, and each is busy, or each instance that leads to it is at its capacity. */
  | { readonly outcome: 'saturated' }
  /** There are targets, and none that is well. `until`: when one may be, milliseconds since the epoch. */
  | { readonly outcome: 'refused'; readonly until: number | undefined }
  | { readonly outcome: 'none' };

/** What one attempt that is being decoded costs a prefill beside it: scheduling reference, §3.3. */
const decodeInterferenceMs = 1.5;
/** While no target's rate is known; only the comparison of tokens with running attempts depends on it. */
const assumedTokensPerSecond = 10_000;
const tieShare = 0.01;

const pick = <Item>(items: readonly Item[], random: () => number): Item | undefined =>
  items[Math.floor(random() * items.length)];

const groupByTarget = (places: readonly Place[]): Map<string, Place[]> => {
  const groups = new Map<string, Place[]>();
  for (const place of places) {
    const group = groups.get(place.target);
    if (group) group.push(place);
    else groups.set(place.target, [place]);
  }
  return groups;
};

/** Mean of the rates that are known, by weight: a target without one is as fast as its weight says. */
const usualRate = (choices: readonly Choice[]): number => {
  let sum = 0;
  let known = 0;
  for (const { tokensPerSecond, weight } of choices) {
    if (tokensPerSecond === undefined || tokensPerSecond <= 0) continue;
    sum += tokensPerSecond;
    known += weight;
  }
  return known === 0 ? assumedTokensPerSecond : sum / known;
};

/** Milliseconds until the target would have read this request: scheduling reference, §3.3. */
const costMs = (choice: Choice, inputTokens: number, otherwise: number, usualKv: number): number => {
  const known = choice.tokensPerSecond ?? 0;
  // What is measured holds for what was said beforehand: by both, a fast target would count as faster than it is.
  const tokensPerMs = (known > 0 ? known : otherwise * choice.weight) / 1_000;
  const readingMs = (choice.pendingTokens + inputTokens) / tokensPerMs;
  return readingMs + decodeInterferenceMs * choice.running + kvCostMs(choice.kvUsage ?? usualKv);
};

/** Two of them at random. The best by old numbers would be the best for everybody: scheduling reference, §3.3. */
const twoOf = <Item>(items: readonly Item[], random: () => number): readonly Item[] => {
  if (items.length <= 2) return items;
  const at = Math.floor(random() * items.length);
  const beside = Math.floor(random() * (items.length - 1));
  const first = items[at];
  const second = items[beside < at ? beside : beside + 1];
  return first !== undefined && second !== undefined ? [first, second] : items;
};

/** What the cost of a target is multiplied with. */
const factorOf = ({ newSince, penalty }: Choice, { now, upstream }: TargetQuestion): number =>
  penalty * slowStartFactor(newSince, now, upstream.slowStartMs ?? 0);

const costsOf = (choices: readonly Choice[], question: TargetQuestion): readonly number[] => {
  const otherwise = usualRate(choices);
  const usualKv = usualKvUsage(choices);
  return choices.map((choice) => {
    const cachedTokens = question.cachedTokensOf?.(choice.name, choice.newSince) ?? 0;
    return (
      costMs(choice, question.inputTokens - cachedTokens, otherwise, usualKv) * factorOf(choice, question)
    );
  });
};

type Choose = (free: readonly Choice[], question: TargetQuestion) => Choice | undefined;

const leastTokensQueued: Choose = (free, question) => {
  const choices = question.isCurrent ? free : twoOf(free, question.random);
  const costs = costsOf(choices, question);
  const limit = Math.min(...costs) * (1 + tieShare);
  const best = choices.filter((_choice, position) => (costs[position] ?? Number.POSITIVE_INFINITY) <= limit);
  return pick(best, question.random);
};

const leastRequests: Choose = (free, { isCurrent, random }) => {
  const choices = isCurrent ? free : twoOf(free, random);
  const loads = choices.map(({ running, weight }) => running / weight);
  const least = Math.min(...loads);
  return pick(
    choices.filter((_choice, position) => loads[position] === least),
    random,
  );
};

const leastLatency: Choose = (free, question) => {
  const choices = question.isCurrent ? free : twoOf(free, question.random);
  return pick(
    byLeastLatency(choices, (choice) => factorOf(choice, question)),
    question.random,
  );
};

const session: Choose = (free, question) => {
  const { affinity } = question.upstream;
  if (question.session === undefined || !affinity) return leastTokensQueued(free, question);
  const costsMs = costsOf(free, question);
  return bySession(free, { session: question.session, costsMs, maxExtraCostMs: affinity.maxExtraCostMs });
};

/** Each by its share, whatever the load. What has no room leaves its share to the others. */
const weighted: Choose = (free, { random }) => {
  let left = random() * free.reduce((sum, { weight }) => sum + weight, 0);
  for (const choice of free) {
    left -= choice.weight;
    if (left < 0) return choice;
  }
  return free.at(-1);
};

const strategies: Readonly<Record<Strategy, Choose>> = {
  'least-tokens-queued': leastTokensQueued,
  'least-requests': leastRequests,
  'least-latency': leastLatency,
  'round-robin': (free, { turn }) => free[turn % free.length],
  weighted,
  session,
  // What is cached is in the cost: a target that is behind loses by itself.
  prefix: leastTokensQueued,
};

/** The way over the bus that an instance of our own process saves is worth this much more load. */
const worthIt = (running: number, least: number): boolean => running <= 1.25 * least + 8;

const leastRunning = (free: readonly Place[], { isCurrent, random }: TargetQuestion): Place | undefined => {
  const places = isCurrent ? free : twoOf(free, random);
  const least = Math.min(...places.map(({ running }) => running));
  const near = free.find(({ host }) => host.isNearby);
  if (near && worthIt(near.running, least)) return near;
  return pick(
    places.filter(({ running }) => running === least),
    random,
  );
};

/** Chooses a target of one upstream, then the instance that leads there. */
export const selectTarget = (question: TargetQuestion): TargetSelection => {
  const groups = groupByTarget(question.places);
  const { targets, strategy, queue, maxRequestsPerTarget } = question.upstream;
  const limit: RequestLimit = {
    requests: maxRequestsPerTarget ?? Number.POSITIVE_INFINITY,
    canWait: (queue?.maxWaiting ?? 0) > 0,
  };
  const choices: Choice[] = [];
  let isAnyRefused = false;
  let until: number | undefined;
  for (const target of targets) {
    const places = groups.get(target.name);
    const open = places?.filter(({ isOpen }) => isOpen) ?? [];
    if (!places || open.length === 0 || question.excluded.has(target.name)) continue;
    const admission = admit(open, question.verdict);
    if (admission.admitted.length > 0) choices.push(toChoice(target, places, admission, limit));
    else {
      isAnyRefused = true;
      if (admission.until !== undefined) until = Math.min(until ?? admission.until, admission.until);
    }
  }
  if (choices.length === 0) return isAnyRefused ? { outcome: 'refused', until } : { outcome: 'none' };
  const free = choices.filter((choice) => choice.free.length > 0 && hasHeadroom(choice, queue));
  const below = free.filter(({ isAtLimit }) => !isAtLimit);
  const chosen = strategies[strategy](below.length > 0 ? below : free, question);
  const place = chosen && leastRunning(chosen.free, question);
  return place ? { outcome: 'selected', place } : { outcome: 'saturated' };
};
