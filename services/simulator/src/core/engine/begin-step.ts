import { countBlocks, countReserve, type EngineState, preemptSequence } from './engine-state.ts';
import { countRemaining, countTokens, insertByRank, isDecoding, type Sequence } from './sequence.ts';

export interface Work {
  readonly sequence: Sequence;
  readonly tokens: number;
}

/** One pass of the model over a batch. It takes `durationMs`; its tokens exist when it ends. */
export interface Step {
  readonly durationMs: number;
  readonly work: readonly Work[];
  readonly prefillTokens: number;
  readonly decodeTokens: number;
  /** Sequences that left the queue for this step. */
  readonly admitted: readonly number[];
}

/** Room for one more token; takes it from the last in rank when nothing is free. */
const makeRoom = (state: EngineState, sequence: Sequence): boolean => {
  const { lease } = sequence;
  if (lease === undefined) return false;
  if (countBlocks(state, sequence.computed + 1) <= lease.shared.length + lease.own) return true;
  while (!state.pool.grow(lease)) {
    const victim = state.running.at(-1) ?? sequence;
    preemptSequence(state, victim);
    if (victim === sequence) return false;
  }
  return true;
};

const decodeRunning = (state: EngineState, budget: number): readonly Work[] => {
  const work: Work[] = [];
  // Running is in rank order and victims come from its end, so no work already given out is lost.
  for (const sequence of state.running.filter(isDecoding)) {
    if (work.length === budget) break;
    if (makeRoom(state, sequence)) work.push({ sequence, tokens: 1 });
  }
  return work;
};

const tryAdmit = (state: EngineState, sequence: Sequence): boolean => {
  const { pool } = state;
  const { blockTokens } = state.profile.limits;
  const total = countTokens(sequence);
  // At least one token must be computed to sample the next.
  const hits = pool.matchPrefix(sequence.blockHashes, Math.floor((total - 1) / blockTokens));
  const own = countBlocks(state, total) - hits;
  if (pool.available(sequence.blockHashes, hits) - own < countReserve(state)) return false;
  const lease = pool.open(sequence.blockHashes, hits, own);
  if (lease === undefined) return false;
  sequence.lease = lease;
  sequence.computed = hits * blockTokens;
  sequence.cachedTokens ??= sequence.computed;
  state.cacheQueries += total;
  state.cacheHits += sequence.computed;
  return true;
};

interface Filled {
  readonly work: readonly Work[];
  readonly admitted: readonly number[];
}

/** Chunked prefill: first what runs already, then new arrivals, strictly in order. */
const prefill = (state: EngineState, budget: number, mayAdmit: boolean): Filled => {
  const work: Work[] = [];
  const admitted: number[] = [];
  let left = budget;
  const give = (sequence: Sequence): void => {
    const tokens = Math.min(left, countRemaining(sequence));
    work.push({ sequence, tokens });
    left -= tokens;
  };
  for (const sequence of state.running) {
    if (left > 0 && !isDecoding(sequence)) give(sequence);
  }
  while (mayAdmit && left > 0 && state.running.length < state.profile.limits.maxSequences) {
    const [head] = state.waiting;
    if (head === undefined || !tryAdmit(state, head)) break;
    state.waiting.shift();
    insertByRank(state.running, head);
    admitted.push(head.id);
    give(head);
  }
  return { work, admitted };
};

const priceStep = (state: EngineState, work: readonly Work[], prefillTokens: number): number => {
  const { cost } = state.profile;
  const kvTokens = work.reduce((sum, { sequence, tokens }) => sum + sequence.computed + tokens, 0);
  const exactMs =
    cost.baseMs +
    cost.prefillTokenMs * prefillTokens +
    cost.prefillSquaredMs * prefillTokens ** 2 +
    cost.sequenceMs * work.length +
    cost.kvTokenMs * kvTokens;
  return exactMs * (1 + cost.noise * (2 * state.random() - 1));
};

/** Chooses the batch as vLLM does. `undefined` when there is nothing to compute. */
export const beginStep = (state: EngineState): Step | undefined => {
  const budget = state.profile.limits.maxBatchedTokens;
  const preemptedBefore = state.preemptions;
  const decodes = decodeRunning(state, budget);
  // Whom memory has just driven out must not be let in again by the same step.
  const filled = prefill(state, budget - decodes.length, state.preemptions === preemptedBefore);
  const work = [...decodes, ...filled.work];
  if (work.length === 0) return undefined;
  const prefillTokens = filled.work.reduce((sum, { tokens }) => sum + tokens, 0);
  const durationMs = priceStep(state, work, prefillTokens);
  return { durationMs, work, prefillTokens, decodeTokens: decodes.length, admitted: filled.admitted };
};
