import type { Random } from '../seeded-random.ts';
import { BlockPool } from './block-pool.ts';
import type { EngineProfile } from './profiles.ts';
import { countPending, insertByRank, removeFrom, type Sequence } from './sequence.ts';

/** Everything a worker knows. Both queues are in rank order: priority, then arrival. */
export interface EngineState {
  readonly profile: EngineProfile;
  readonly random: Random;
  readonly pool: BlockPool;
  readonly sequences: Map<number, Sequence>;
  readonly waiting: Sequence[];
  readonly running: Sequence[];
  arrivals: number;
  preemptions: number;
  cacheQueries: number;
  cacheHits: number;
}

export const createEngineState = (profile: EngineProfile, random: Random): EngineState => ({
  profile,
  random,
  pool: new BlockPool(profile.limits.blocks),
  sequences: new Map(),
  waiting: [],
  running: [],
  arrivals: 0,
  preemptions: 0,
  cacheQueries: 0,
  cacheHits: 0,
});

export const countBlocks = ({ profile }: EngineState, tokens: number): number =>
  Math.ceil(tokens / profile.limits.blockTokens);

/** Blocks that admission must leave free. */
export const countReserve = ({ profile }: EngineState): number =>
  Math.ceil(profile.limits.blocks * profile.limits.watermark);

/** Gives the blocks back and leaves the batch. */
export const releaseSequence = (state: EngineState, sequence: Sequence): void => {
  if (sequence.lease !== undefined) state.pool.close(sequence.lease);
  sequence.lease = undefined;
  removeFrom(state.running, sequence);
};

/** Back to the queue; all of its KV has to be computed again. */
export const preemptSequence = (state: EngineState, victim: Sequence): void => {
  releaseSequence(state, victim);
  victim.computed = 0;
  victim.published = false;
  state.preemptions += 1;
  insertByRank(state.waiting, victim);
};

export interface EngineGauges {
  readonly running: number;
  readonly waiting: number;
  readonly usedBlocks: number;
  readonly cachedBlocks: number;
  /** Tokens still to be prefilled, of all sequences. */
  readonly pendingTokens: number;
  readonly preemptions: number;
  /** Prompt tokens looked up in the prefix cache, and found. */
  readonly cacheQueries: number;
  readonly cacheHits: number;
}

export const readGauges = (state: EngineState): EngineGauges => ({
  running: state.running.length,
  waiting: state.waiting.length,
  usedBlocks: state.pool.usedBlocks,
  cachedBlocks: state.pool.cachedBlocks,
  pendingTokens: [...state.sequences.values()].reduce((sum, sequence) => sum + countPending(sequence), 0),
  preemptions: state.preemptions,
  cacheQueries: state.cacheQueries,
  cacheHits: state.cacheHits,
});
