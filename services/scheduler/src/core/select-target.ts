import type { Strategy, UpstreamConfig } from '@weir/contracts';
import { enginePressure, kvCostMs, usualKvUsage } from './engine-pressure.ts';
import type { HealthVerdict } from './health/health-board.ts';
import { hasRoom, type Place } from './place.ts';

/** How much a target may have before it counts as busy. */
type Headroom = Pick<
  UpstreamConfig['queue'],
  'maxRunningPerTarget' | 'maxPendingTokensPerTarget' | 'maxWaiting'
>;

export interface TargetQuestion {
  readonly upstream: Pick<UpstreamConfig, 'targets' | 'strategy' | 'maxRequestsPerTarget'> & {
    readonly queue?: Headroom;
  };
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

/** A target with all places that lead to it. */
interface Choice {
  readonly weight: number;
  readonly pendingTokens: number;
  readonly running: number;
  readonly tokensPerSecond: number | undefined;
  /** Factor of its cost, for a target that does worse than the others. */
  readonly penalty: number;
  /** Undefined: not known. */
  readonly kvUsage: number | undefined;
  /** It has as many of our requests as it may have, as far as we know. */
  readonly isAtLimit: boolean;
  /** Places with room. */
  readonly free: readonly Place[];
}

/** What one attempt that is being decoded costs a prefill beside it: scheduling reference, §3.3. */
const decodeInterferenceMs = 1.5;
/** While no target's rate is known; only the comparison of tokens with running attempts depends on it. */
const assumedTokensPerSecond = 10_000;
const tieShare = 0.01;

const pick = <Item>(items: readonly Item[], random: () => number): Item | undefined =>
  items[Math.floor(random() * items.length)];

/** Of one adapter at one target. */
interface RequestLimit {
  readonly requests: number;
  /** There is a queue for what finds all targets at it. */
  readonly canWait: boolean;
}

const toChoice = (
  weight: number,
  places: readonly Place[],
  admission: Admission,
  limit: RequestLimit,
): Choice => {
  let pendingTokens = 0;
  let running = 0;
  let tokensPerSecond: number | undefined;
  for (const place of places) {
    pendingTokens += place.pendingTokens;
    running += place.running;
    // Each instance sees its own share of the target's work, so the highest is the closest to the truth.
    if (place.prefillTokensPerSecond !== undefined) {
      tokensPerSecond = Math.max(tokensPerSecond ?? 0, place.prefillTokensPerSecond);
    }
  }
  const roomy = admission.admitted.filter(hasRoom);
  const below = roomy.filter((place) => place.running < limit.requests);
  const { kvUsage, foreign, foreignTokens } = enginePressure(places, running);
  return {
    weight,
    pendingTokens: pendingTokens + foreignTokens,
    running: running + foreign,
    tokensPerSecond,
    kvUsage,
    isAtLimit: below.length === 0,
    penalty: admission.penalty,
    // What ended since the last report still shows. Who cannot wait for the next one leaves the last word to the adapter.
    free: below.length > 0 || limit.canWait ? below : roomy,
  };
};

/** The places of one target that may be given something. */
interface Admission {
  readonly admitted: readonly Place[];
  readonly penalty: number;
  /** Of those that may not, the first that may again. */
  readonly until: number | undefined;
}

const admit = (places: readonly Place[], verdictOf: TargetQuestion['verdict']): Admission => {
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

const groupByTarget = (places: readonly Place[]): Map<string, Place[]> => {
  const groups = new Map<string, Place[]>();
  for (const place of places) {
    const group = groups.get(place.target);
    if (group) group.push(place);
    else groups.set(place.target, [place]);
  }
  return groups;
};

/** Mean of the rates that are known: a target without one is taken for an average one. */
const usualRate = (choices: readonly Choice[]): number => {
  let sum = 0;
  let known = 0;
  for (const { tokensPerSecond } of choices) {
    if (tokensPerSecond === undefined || tokensPerSecond <= 0) continue;
    sum += tokensPerSecond;
    known += 1;
  }
  return known === 0 ? assumedTokensPerSecond : sum / known;
};

/** Milliseconds until the target would have read this request: scheduling reference, §3.3. */
const costMs = (choice: Choice, inputTokens: number, otherwise: number, usualKv: number): number => {
  const known = choice.tokensPerSecond ?? 0;
  const tokensPerMs = ((known > 0 ? known : otherwise) * choice.weight) / 1_000;
  const readingMs = (choice.pendingTokens + inputTokens) / tokensPerMs;
  const decodingMs = decodeInterferenceMs * choice.running;
  return choice.penalty * (readingMs + decodingMs + kvCostMs(choice.kvUsage ?? usualKv));
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

type Choose = (free: readonly Choice[], question: TargetQuestion) => Choice | undefined;

const leastTokensQueued: Choose = (free, question) => {
  const choices = question.isCurrent ? free : twoOf(free, question.random);
  const otherwise = usualRate(choices);
  const usualKv = usualKvUsage(choices);
  const costs = choices.map((choice) => costMs(choice, question.inputTokens, otherwise, usualKv));
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
  'round-robin': (free, { turn }) => free[turn % free.length],
  weighted,
};

const leastRunning = (free: readonly Place[], { isCurrent, random }: TargetQuestion): Place | undefined => {
  const places = isCurrent ? free : twoOf(free, random);
  const least = Math.min(...places.map(({ running }) => running));
  return pick(
    places.filter(({ running }) => running === least),
    random,
  );
};

/** A request larger than the bound goes to a target that has less than that: it would wait for ever. */
const hasHeadroom = ({ running, pendingTokens }: Choice, queue: Headroom | undefined): boolean =>
  running < (queue?.maxRunningPerTarget ?? Number.POSITIVE_INFINITY) &&
  pendingTokens < (queue?.maxPendingTokensPerTarget ?? Number.POSITIVE_INFINITY);

/** Chooses a target of one upstream, then the instance that leads there. */
export const selectTarget = (question: TargetQuestion): TargetSelection => {
  const groups = groupByTarget(question.places);
  const choices: Choice[] = [];
  const { strategy, queue, maxRequestsPerTarget } = question.upstream;
  const limit: RequestLimit = {
    requests: maxRequestsPerTarget ?? Number.POSITIVE_INFINITY,
    canWait: (queue?.maxWaiting ?? 0) > 0,
  };
  let isAnyRefused = false;
  let until: number | undefined;
  for (const { name, weight } of question.upstream.targets) {
    const places = groups.get(name);
    if (!places?.some(({ isOpen }) => isOpen) || question.excluded.has(name)) continue;
    const admission = admit(places, question.verdict);
    if (admission.admitted.length > 0) choices.push(toChoice(weight, places, admission, limit));
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
