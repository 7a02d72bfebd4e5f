import type { CanaryConfig, CanaryOutcomes, CanaryState } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { advanceCanary, type CanaryInput } from './advance-canary.ts';
import { judgeCanary } from './judge-canary.ts';
import { noOutcomes } from './outcome-window.ts';

const config: CanaryConfig = {
  stable: 'v1',
  canary: 'v2',
  steps: [
    { weight: 5, holdMs: 1_000 },
    { weight: 50, holdMs: 2_000 },
  ],
  rollback: { errorRate: 0.1, latencyMs: 500, latencyQuantile: 0.95, minRequests: 20, windowMs: 60_000 },
};

const progressing: CanaryState = {
  v: 1,
  route: 'chat',
  revision: 'r1',
  stable: 'v1',
  canary: 'v2',
  phase: 'progressing',
  step: 0,
  weight: 5,
  since: 10_000,
};

const good: CanaryOutcomes = { answers: 20, failures: 2, firstBytes: 20, slow: 1 };
const bad: CanaryOutcomes = { answers: 20, failures: 3, firstBytes: 17, slow: 0 };

const advance = (given: Partial<CanaryInput>): CanaryState =>
  advanceCanary({
    route: 'chat',
    config,
    revision: 'r1',
    state: progressing,
    window: good,
    answersInStep: 20,
    now: 11_000,
    ...given,
  });

describe('a canary', () => {
  test('begins with its first step', () => {
    expect(advance({ state: undefined, now: 10_000 })).toEqual(progressing);
  });

  test('begins anew when its configuration is another one, also after a rollback', () => {
    const state: CanaryState = {
      ...progressing,
      phase: 'rolled_back',
      step: 1,
      weight: 0,
      reason: 'latency',
    };
    expect(advance({ state, revision: 'r2', now: 12_000 })).toEqual({
      ...progressing,
      revision: 'r2',
      since: 12_000,
    });
  });

  test('does its next step after its time, and when enough attempts went well', () => {
    expect(advance({ now: 10_999 })).toBe(progressing);
    expect(advance({ answersInStep: 19 })).toBe(progressing);
    expect(advance({})).toEqual({ ...progressing, step: 1, weight: 50, since: 11_000, seen: good });
  });

  test('is promoted after its last step, with the share of that', () => {
    const state: CanaryState = { ...progressing, step: 1, weight: 50, seen: good };
    expect(advance({ state, now: 11_999 })).toBe(state);
    expect(advance({ state, now: 12_000 })).toEqual({ ...state, phase: 'promoted', since: 12_000 });
  });

  test('is rolled back at once, whatever time is left', () => {
    expect(advance({ window: bad, now: 10_001, answersInStep: 1 })).toEqual({
      ...progressing,
      phase: 'rolled_back',
      weight: 0,
      since: 10_001,
      reason: 'error_rate',
      seen: bad,
    });
  });
});

describe('a verdict', () => {
  test.each<[string, Partial<CanaryOutcomes>, string | undefined]>([
    ['a tenth has failed', {}, undefined],
    ['more than a tenth has failed', { failures: 3 }, 'error_rate'],
    ['too few to say', { answers: 19, failures: 19 }, undefined],
    ['a twentieth was slow', { slow: 1 }, undefined],
    ['more than a twentieth was slow', { slow: 2 }, 'latency'],
    ['too few first bytes to say', { firstBytes: 19, slow: 19 }, undefined],
    ['nothing ever ended, and all are overdue', { answers: 0, failures: 0, slow: 20 }, 'latency'],
  ])('%s', (_what, given, reason) => {
    expect(judgeCanary(config.rollback, { ...good, ...given })).toBe(reason);
  });

  test('on latency needs a limit', () => {
    const { latencyMs: _none, ...rollback } = config.rollback;
    expect(judgeCanary(rollback, { ...good, slow: 20 })).toBeUndefined();
  });
});

const outcomesArbitrary = fc
  .record({ answers: fc.nat(40), failed: fc.double({ min: 0, max: 1, noNaN: true }), slow: fc.nat(40) })
  .map(({ answers, failed, slow }) => ({
    answers,
    failures: Math.floor(answers * failed),
    firstBytes: answers,
    slow: Math.min(slow, answers),
  }));

const eventArbitrary = fc.record({
  window: fc.oneof(fc.constant(good), fc.constant(noOutcomes), outcomesArbitrary),
  answersInStep: fc.nat(40),
  passedMs: fc.nat(3_000),
  revision: fc.constantFrom('r1', 'r1', 'r1', 'r1', 'r2'),
});

test('laws: shares rise by steps of the configuration only, and what has ended stays as it is until that changes', () => {
  fc.assert(
    fc.property(fc.array(eventArbitrary, { maxLength: 40 }), (events) => {
      let state: CanaryState | undefined;
      let now = 1_000;
      for (const { passedMs, ...event } of events) {
        now += passedMs;
        const before: CanaryState | undefined = state;
        const next = advance({ ...event, state: before, now });
        const isRolledBack = next.phase === 'rolled_back';
        expect(next.weight).toBe(isRolledBack ? 0 : config.steps[next.step]?.weight);
        expect(next.weight).toBeLessThanOrEqual(50);
        if (before?.revision === next.revision) {
          if (before.phase !== 'progressing') expect(next).toBe(before);
          expect(next.step - before.step).toBeLessThanOrEqual(1);
          if (!isRolledBack) expect(next.weight).toBeGreaterThanOrEqual(before.weight);
          if (next.step > before.step || next.phase === 'promoted') {
            expect(next === before || event.answersInStep >= config.rollback.minRequests).toBe(true);
          }
        } else expect(next).toMatchObject({ phase: 'progressing', step: 0 });
        // Applied twice, same as once.
        const again = advance({ ...event, state: next, now, answersInStep: 0 });
        expect(judgeCanary(config.rollback, event.window) === undefined ? again : next).toBe(next);
        state = next;
      }
    }),
  );
});
