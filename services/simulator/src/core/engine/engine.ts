import type { Random } from '../seeded-random.ts';
import { beginStep, type Step, type Work } from './begin-step.ts';
import {
  countBlocks,
  countReserve,
  createEngineState,
  type EngineGauges,
  type EngineState,
  readGauges,
  releaseSequence,
} from './engine-state.ts';
import type { EngineProfile } from './profiles.ts';
import { countRemaining, createSequence, insertByRank, removeFrom, type SequenceInput } from './sequence.ts';

export type Intake =
  | { readonly outcome: 'queued' }
  | { readonly outcome: 'refused'; readonly reason: 'queue_full' | 'too_long' };

/** A sequence has one more token. */
export interface Emission {
  readonly id: number;
  readonly generated: number;
  /** Prompt tokens that the prefix cache spared. */
  readonly cachedTokens: number;
  readonly finished: boolean;
}

/** The machine of a vLLM worker: requests in, steps and tokens out. The shell lets time pass between begin and end. */
export interface Engine {
  add(input: SequenceInput): Intake;
  /** Frees queue place and blocks at once, also in the middle of a step. */
  remove(id: number): void;
  begin(): Step | undefined;
  end(step: Step): readonly Emission[];
  gauges(): EngineGauges;
}

const addSequence = (state: EngineState, input: SequenceInput): Intake => {
  const { limits } = state.profile;
  // What fits alone always finishes: preemption can empty the pool for the first in rank.
  if (countBlocks(state, input.promptTokens + input.outputTokens) > limits.blocks - countReserve(state)) {
    return { outcome: 'refused', reason: 'too_long' };
  }
  if (state.waiting.length >= limits.maxWaiting) return { outcome: 'refused', reason: 'queue_full' };
  state.arrivals += 1;
  const sequence = createSequence(input, state.arrivals);
  state.sequences.set(input.id, sequence);
  insertByRank(state.waiting, sequence);
  return { outcome: 'queued' };
};

const removeSequence = (state: EngineState, id: number): void => {
  const sequence = state.sequences.get(id);
  if (sequence === undefined) return;
  sequence.gone = true;
  removeFrom(state.waiting, sequence);
  releaseSequence(state, sequence);
  state.sequences.delete(id);
};

const advance = (state: EngineState, { sequence, tokens }: Work): Emission | undefined => {
  if (sequence.gone) return undefined;
  sequence.computed += tokens;
  if (!sequence.published && sequence.lease !== undefined && sequence.computed >= sequence.promptTokens) {
    state.pool.publish(sequence.lease, sequence.blockHashes);
    sequence.published = true;
  }
  if (countRemaining(sequence) > 0) return undefined;
  sequence.generated += 1;
  const { id, generated } = sequence;
  const finished = generated === sequence.outputTokens;
  if (finished) {
    releaseSequence(state, sequence);
    state.sequences.delete(id);
  }
  return { id, generated, cachedTokens: sequence.cachedTokens ?? 0, finished };
};

export const createEngine = (profile: EngineProfile, random: Random): Engine => {
  const state = createEngineState(profile, random);
  return {
    add: (input) => addSequence(state, input),
    remove: (id) => removeSequence(state, id),
    begin: () => beginStep(state),
    end: (step) => step.work.flatMap((work) => advance(state, work) ?? []),
    gauges: () => readGauges(state),
  };
};
