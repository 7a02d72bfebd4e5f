import type { Place } from './place.ts';

/** What the engine behind a target adds to what we know of the load ourselves. */
export interface EnginePressure {
  /** Share of the KV cache in use, 0 to 1. Undefined: not known. */
  readonly kvUsage: number | undefined;
  /** Requests in the engine that are not ours: it is called past the gateway as well. */
  readonly foreign: number;
  /** Input tokens that wait before ours with those. */
  readonly foreignTokens: number;
}

/** Scheduling reference, §3.3: 150 ms at half of the cache, 1.35 s at nine tenths. */
const kvPressureMs = 150;
const fullestKvUsage = 0.999;
/** No engine tells how long what waits in it is: taken for the mean of a heavy-tailed load. */
const assumedWaitingTokens = 1_000;

const highest = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined ? other : Math.max(one, other ?? 0);

/** `running`: our own attempts at the target, over all instances. Each instance that asks sees the same engine. */
export const enginePressure = (places: readonly Place[], running: number): EnginePressure => {
  let kvUsage: number | undefined;
  let inEngine: number | undefined;
  let waiting: number | undefined;
  for (const { engine } of places) {
    if (engine === undefined) continue;
    kvUsage = highest(kvUsage, engine.kvUsage);
    waiting = highest(waiting, engine.waiting);
    if (engine.running !== undefined) {
      inEngine = highest(inEngine, engine.running + (engine.waiting ?? 0));
    }
  }
  const foreign = Math.max(0, (inEngine ?? 0) - running);
  return { kvUsage, foreign, foreignTokens: Math.min(foreign, waiting ?? 0) * assumedWaitingTokens };
};

/** Mean of what is known: a target that tells nothing is taken for an average one. */
export const usualKvUsage = (pressures: readonly Pick<EnginePressure, 'kvUsage'>[]): number => {
  let sum = 0;
  let known = 0;
  for (const { kvUsage } of pressures) {
    if (kvUsage === undefined) continue;
    sum += kvUsage;
    known += 1;
  }
  return known === 0 ? 0 : sum / known;
};

/** Milliseconds that a KV cache in use costs a request: preemptions and waits for blocks grow without bound. */
export const kvCostMs = (kvUsage: number): number => {
  const share = Math.min(Math.max(kvUsage, 0), fullestKvUsage);
  return (kvPressureMs * share) / (1 - share);
};
