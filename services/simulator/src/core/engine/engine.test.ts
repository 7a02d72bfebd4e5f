import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../seeded-random.ts';
import type { Step } from './begin-step.ts';
import { createEngine, type Emission, type Engine } from './engine.ts';
import { type EngineProfile, engineProfiles } from './profiles.ts';
import type { SequenceInput } from './sequence.ts';

const smallProfile: EngineProfile = {
  cost: engineProfiles['8b-h100'].cost,
  limits: {
    maxBatchedTokens: 48,
    maxSequences: 6,
    maxWaiting: 1000,
    blockTokens: 16,
    blocks: 40,
    watermark: 0.01,
  },
};

const aSequence = (id: number, part: Partial<SequenceInput> = {}): SequenceInput => ({
  id,
  promptTokens: 20,
  outputTokens: 5,
  priority: 0,
  blockHashes: [],
  ...part,
});

interface Run {
  readonly steps: readonly Step[];
  readonly emissions: readonly Emission[];
  readonly admitted: readonly number[];
}

const runUntilIdle = (engine: Engine, maxSteps = 20_000): Run => {
  const steps: Step[] = [];
  const emissions: Emission[] = [];
  for (let step = engine.begin(); step !== undefined; step = engine.begin()) {
    if (steps.length === maxSteps) throw new Error('the engine does not come to rest');
    steps.push(step);
    emissions.push(...engine.end(step));
  }
  return { steps, emissions, admitted: steps.flatMap((step) => step.admitted) };
};

interface LoadItem {
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly priority: number;
  readonly family: number;
}

const load = fc.array(
  fc.record({
    promptTokens: fc.integer({ min: 1, max: 300 }),
    outputTokens: fc.integer({ min: 1, max: 120 }),
    priority: fc.integer({ min: 0, max: 2 }),
    family: fc.integer({ min: 0, max: 2 }),
  }),
  { minLength: 1, maxLength: 25 },
);

/** Prompts of one family share their prefix. */
const toSequences = (items: readonly LoadItem[]): SequenceInput[] =>
  items.map(({ family, ...item }, id) => ({
    id,
    ...item,
    blockHashes: Array.from(
      { length: Math.floor(item.promptTokens / 16) },
      (_, block) => family * 1000 + block,
    ),
  }));

describe('the engine', () => {
  it('generates exactly the tokens that each accepted sequence asked for, one at a time and in order', () => {
    fc.assert(
      fc.property(load, (items) => {
        const engine = createEngine(smallProfile, createRandom(1));
        const sequences = toSequences(items);
        const queued = sequences.filter((sequence) => engine.add(sequence).outcome === 'queued');
        const { emissions } = runUntilIdle(engine);
        for (const { id, outputTokens } of queued) {
          const own = emissions.filter((emission) => emission.id === id);
          expect(own.map(({ generated }) => generated)).toEqual(
            Array.from({ length: outputTokens }, (_, index) => index + 1),
          );
          expect(own.map(({ finished }) => finished).indexOf(true)).toBe(outputTokens - 1);
        }
      }),
    );
  });

  it('never computes more tokens in a step than the budget, nor more sequences than the limit', () => {
    fc.assert(
      fc.property(load, (items) => {
        const engine = createEngine(smallProfile, createRandom(1));
        for (const sequence of toSequences(items)) engine.add(sequence);
        for (const step of runUntilIdle(engine).steps) {
          expect(step.prefillTokens + step.decodeTokens).toBeLessThanOrEqual(
            smallProfile.limits.maxBatchedTokens,
          );
          expect(step.work.length).toBeLessThanOrEqual(smallProfile.limits.maxSequences);
          expect(step.work.every(({ tokens }) => tokens > 0)).toBe(true);
          expect(step.durationMs).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('computes every token of a prompt once when nothing is shared and nobody is preempted', () => {
    fc.assert(
      fc.property(load, (items) => {
        const roomy = { ...smallProfile, limits: { ...smallProfile.limits, blocks: 10_000 } };
        const engine = createEngine(roomy, createRandom(1));
        const sequences = toSequences(items).map((sequence) => ({ ...sequence, blockHashes: [] }));
        for (const sequence of sequences) engine.add(sequence);
        const { steps } = runUntilIdle(engine);
        const prefilled = steps.reduce((sum, step) => sum + step.prefillTokens, 0);
        const decoded = steps.reduce((sum, step) => sum + step.decodeTokens, 0);
        expect(prefilled).toBe(sequences.reduce((sum, { promptTokens }) => sum + promptTokens, 0));
        expect(decoded).toBe(sequences.reduce((sum, { outputTokens }) => sum + outputTokens - 1, 0));
      }),
    );
  });

  it('holds no block and no sequence once all have finished or were removed at any moment', () => {
    fc.assert(
      fc.property(load, fc.array(fc.nat(24)), (items, removals) => {
        const engine = createEngine(smallProfile, createRandom(1));
        for (const sequence of toSequences(items)) engine.add(sequence);
        for (const id of removals) {
          const step = engine.begin();
          engine.remove(id);
          if (step === undefined) break;
          expect(engine.end(step).some((emission) => emission.id === id)).toBe(false);
          expect(engine.gauges().usedBlocks).toBeLessThanOrEqual(smallProfile.limits.blocks);
        }
        runUntilIdle(engine);
        expect(engine.gauges()).toMatchObject({ running: 0, waiting: 0, usedBlocks: 0, pendingTokens: 0 });
      }),
    );
  });

  it('admits in order of priority, then of arrival, also when a later one would fit', () => {
    fc.assert(
      fc.property(load, (items) => {
        const roomy = { ...smallProfile, limits: { ...smallProfile.limits, blocks: 10_000 } };
        const engine = createEngine(roomy, createRandom(1));
        for (const sequence of toSequences(items)) engine.add(sequence);
        const { admitted } = runUntilIdle(engine);
        const expected = items
          .map(({ priority }, id) => ({ priority, id }))
          .sort((left, right) => left.priority - right.priority || left.id - right.id)
          .map(({ id }) => id);
        expect(admitted).toEqual(expected);
      }),
    );
  });

  it('lets a long prompt delay the short one behind it, because they share the budget', () => {
    const alone = createEngine(smallProfile, createRandom(1));
    alone.add(aSequence(2, { promptTokens: 10 }));
    const behind = createEngine(smallProfile, createRandom(1));
    behind.add(aSequence(1, { promptTokens: 480 }));
    behind.add(aSequence(2, { promptTokens: 10 }));
    const firstTokenStep = (engine: Engine): number =>
      runUntilIdle(engine).steps.findIndex((step) => step.work.some(({ sequence }) => sequence.id === 2));
    expect(firstTokenStep(alone)).toBe(0);
    expect(firstTokenStep(behind)).toBeGreaterThanOrEqual(9);
  });

  it('computes a shared prefix once', () => {
    const engine = createEngine(smallProfile, createRandom(1));
    const blockHashes = [11, 12, 13];
    engine.add(aSequence(1, { promptTokens: 50, blockHashes }));
    const first = runUntilIdle(engine);
    engine.add(aSequence(2, { promptTokens: 50, blockHashes }));
    const second = runUntilIdle(engine);
    expect(first.emissions[0]?.cachedTokens).toBe(0);
    expect(second.emissions[0]?.cachedTokens).toBe(48);
    expect(second.steps[0]?.prefillTokens).toBe(2);
    expect(engine.gauges()).toMatchObject({ cacheQueries: 100, cacheHits: 48 });
  });

  it('preempts the newest when the blocks run out, and still finishes it', () => {
    const engine = createEngine(smallProfile, createRandom(1));
    for (const id of [1, 2, 3]) engine.add(aSequence(id, { promptTokens: 160, outputTokens: 160 }));
    const { emissions } = runUntilIdle(engine);
    expect(engine.gauges().preemptions).toBeGreaterThan(0);
    expect(emissions.filter(({ finished }) => finished).map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  it('counts as pending what is to be prefilled, also again after a preemption', () => {
    const engine = createEngine(smallProfile, createRandom(1));
    for (const id of [1, 2, 3]) engine.add(aSequence(id, { promptTokens: 160, outputTokens: 160 }));
    expect(engine.gauges().pendingTokens).toBe(480);
    let pendingBefore = 0;
    while (engine.gauges().preemptions === 0) {
      pendingBefore = engine.gauges().pendingTokens;
      const step = engine.begin();
      if (step !== undefined) engine.end(step);
    }
    expect(pendingBefore).toBeLessThan(160);
    expect(engine.gauges().pendingTokens).toBeGreaterThanOrEqual(160);
  });

  it('refuses what can never fit, and what finds the queue full', () => {
    const engine = createEngine(
      { ...smallProfile, limits: { ...smallProfile.limits, maxWaiting: 1 } },
      createRandom(1),
    );
    expect(engine.add(aSequence(1, { promptTokens: 700 }))).toEqual({
      outcome: 'refused',
      reason: 'too_long',
    });
    expect(engine.add(aSequence(2))).toEqual({ outcome: 'queued' });
    expect(engine.add(aSequence(3))).toEqual({ outcome: 'refused', reason: 'queue_full' });
  });

  it('takes the same time again with the same seed', () => {
    const measure = (seed: number): number => {
      const engine = createEngine(smallProfile, createRandom(seed));
      for (const id of [1, 2, 3]) engine.add(aSequence(id));
      return runUntilIdle(engine).steps.reduce((sum, { durationMs }) => sum + durationMs, 0);
    };
    expect(measure(7)).toBe(measure(7));
    expect(measure(7)).not.toBe(measure(8));
  });
});
