import type { BlockLease } from './block-pool.ts';

export interface SequenceInput {
  readonly id: number;
  readonly promptTokens: number;
  /** At least 1. */
  readonly outputTokens: number;
  /** Lower is served first. */
  readonly priority: number;
  /** Chain hashes of the full blocks of the prompt. */
  readonly blockHashes: readonly number[];
}

export interface Sequence extends SequenceInput {
  readonly arrival: number;
  /** Tokens whose KV exists. Falls to 0 when the sequence is preempted. */
  computed: number;
  generated: number;
  /** Tokens that the prefix cache spared at the first admission. */
  cachedTokens: number | undefined;
  lease: BlockLease | undefined;
  published: boolean;
  gone: boolean;
}

export const createSequence = (input: SequenceInput, arrival: number): Sequence => ({
  ...input,
  arrival,
  computed: 0,
  generated: 0,
  cachedTokens: undefined,
  lease: undefined,
  published: false,
  gone: false,
});

/** Prompt and generated tokens: what must be in KV before the next token can be sampled. */
export const countTokens = (sequence: Sequence): number => sequence.promptTokens + sequence.generated;

export const countRemaining = (sequence: Sequence): number => countTokens(sequence) - sequence.computed;

export const isDecoding = (sequence: Sequence): boolean =>
  sequence.generated > 0 && countRemaining(sequence) === 1;

/** Tokens that are still to be prefilled, also those that a preemption lost. */
export const countPending = (sequence: Sequence): number =>
  isDecoding(sequence) ? 0 : countRemaining(sequence);

const comesBefore = (left: Sequence, right: Sequence): boolean =>
  left.priority === right.priority ? left.arrival < right.arrival : left.priority < right.priority;

/** Keeps a queue ordered by priority, then by arrival. Nearly always the place is at the end. */
export const insertByRank = (queue: Sequence[], sequence: Sequence): void => {
  let place = queue.length;
  for (let last = queue.at(-1); last !== undefined && comesBefore(sequence, last); last = queue[place - 1]) {
    place -= 1;
    if (place === 0) break;
  }
  queue.splice(place, 0, sequence);
};

export const removeFrom = (queue: Sequence[], sequence: Sequence): void => {
  const place = queue.indexOf(sequence);
  if (place >= 0) queue.splice(place, 1);
};
