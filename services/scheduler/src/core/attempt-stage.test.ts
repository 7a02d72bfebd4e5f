import type { Attempt, FallbackConfig } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptOf } from '../testdata/attempt-of.ts';
import { decideStage } from './attempt-stage.ts';

const retry = { attempts: 2, backoffMs: 50, maxBackoffMs: 1_000 };
const fallback: FallbackConfig = {
  upstreams: [{ upstream: 'far', modelMapping: {} }],
  triggers: { onHealthFailure: true, onSaturated: false, onErrorCodes: [503], onBudgetExhausted: false },
};

const failed = (given: Partial<Attempt> = {}): Attempt =>
  attemptOf({
    upstream: 'near',
    excluded: ['near/t0'],
    lastFailure: 'upstream_5xx',
    ...given,
  });

const yes = () => true;
const no = () => false;
const move = { reason: 'error-code', from: 'near' } as const;

describe('the stage of an attempt', () => {
  it('is the first at the own upstreams of the route', () => {
    expect(decideStage({ retry, fallback }, undefined, no)).toEqual({
      outcome: 'stage',
      stage: { number: 1, remaining: 1, isMove: false },
    });
  });

  it('stays where it is while the route allows attempts, a trigger or not', () => {
    const attempt = failed({ failure: { status: 503, trigger: 'error-code' } });
    expect(decideStage({ retry, fallback }, attempt, yes)).toEqual({
      outcome: 'stage',
      stage: { number: 2, remaining: 0, isMove: false },
    });
  });

  it.each([
    ['when the attempts are used up', failed({ number: 2, failure: { trigger: 'error-code' } }), yes, 3],
    [
      'when the failure is not to be tried again',
      failed({ failure: { trigger: 'error-code', isFinal: true } }),
      yes,
      2,
    ],
    ['when there is no budget for a retry', failed({ failure: { trigger: 'error-code' } }), no, 2],
  ])('moves to the fallback %s', (_when, attempt, spend, number) => {
    expect(decideStage({ retry, fallback }, attempt, spend)).toEqual({
      outcome: 'stage',
      stage: { number, remaining: 1, fallback: { ...move, since: number }, isMove: true },
    });
  });

  it('counts attempts at the fallback on their own', () => {
    const state = { ...move, since: 3 };
    expect(decideStage({ retry, fallback }, failed({ number: 3, fallback: state }), yes)).toEqual({
      outcome: 'stage',
      stage: { number: 4, remaining: 0, fallback: state, isMove: false },
    });
    const last = failed({ number: 4, fallback: state, failure: { trigger: 'error-code' } });
    expect(decideStage({ retry, fallback }, last, yes)).toEqual({ outcome: 'used-up' });
  });

  describe('of a request that was let go to the fallback alone', () => {
    const granted = { reason: 'budget-exhausted', from: 'near', since: 1 } as const;

    it('is at the fallback from its first attempt on', () => {
      expect(decideStage({ retry, fallback }, undefined, no, granted)).toEqual({
        outcome: 'stage',
        stage: { number: 1, remaining: 1, fallback: granted, isMove: false },
      });
    });

    it('is never anywhere else, whatever fails how, and for no more than the attempts of the route', () => {
      const failures = fc.array(
        fc.record({
          lastFailure: fc.constantFrom('upstream_5xx', 'draining', 'saturated', 'busy'),
          failure: fc.record({
            isFinal: fc.boolean(),
            trigger: fc.constantFrom('error-code', 'latency', 'health-failure'),
          }),
          isLost: fc.boolean(),
        }),
        { minLength: 30, maxLength: 30 },
      );
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 10 }), failures, fc.boolean(), (attempts, all, hasBudget) => {
          const route = { retry: { ...retry, attempts }, fallback };
          let last: Attempt | undefined;
          for (const { lastFailure, failure, isLost } of all) {
            const decided = decideStage(route, last, () => hasBudget, granted);
            if (decided.outcome !== 'stage') break;
            const { number, remaining, fallback: state } = decided.stage;
            expect(state).toEqual(granted);
            expect(number).toBeLessThanOrEqual(attempts);
            // A scheduler that is older than such grants does not say where the attempt was.
            last = failed({
              number,
              remaining,
              lastFailure,
              failure,
              ...(state && !isLost ? { fallback: state } : {}),
            });
          }
        }),
      );
    });
  });

  it('ends without a fallback, and without a trigger', () => {
    expect(decideStage({ retry }, failed({ number: 2, failure: { trigger: 'error-code' } }), yes)).toEqual({
      outcome: 'used-up',
    });
    expect(decideStage({ retry, fallback }, failed({ number: 2 }), yes)).toEqual({ outcome: 'used-up' });
    expect(decideStage({ retry, fallback }, failed(), no)).toEqual({ outcome: 'no-budget' });
  });

  it.each(['draining', 'saturated'])(
    'takes nothing of the budget after `%s`: nothing was sent',
    (lastFailure) => {
      expect(decideStage({ retry }, failed({ lastFailure }), no)).toMatchObject({ outcome: 'stage' });
    },
  );

  it('allows at most twice the attempts of the route, whatever fails how', () => {
    const failures = fc.array(
      fc.record({
        isFinal: fc.boolean(),
        trigger: fc.constantFrom('error-code', 'latency', 'health-failure'),
      }),
      { minLength: 30, maxLength: 30 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), failures, fc.boolean(), (attempts, all, hasBudget) => {
        const route = { retry: { ...retry, attempts }, fallback };
        let last: Attempt | undefined;
        let made = 0;
        for (const failure of all) {
          const decided = decideStage(route, last, () => hasBudget);
          if (decided.outcome !== 'stage') break;
          made += 1;
          const { number, remaining, fallback: state } = decided.stage;
          expect(number).toBe(made);
          expect(remaining).toBeGreaterThanOrEqual(0);
          last = failed({ number, remaining, failure, ...(state ? { fallback: state } : {}) });
        }
        expect(made).toBeLessThanOrEqual(2 * attempts);
      }),
    );
  });
});
