import { expect, test } from 'vitest';
import { CheckState } from './check-state.ts';

const thresholds = { healthyThreshold: 2, unhealthyThreshold: 3 };
const passed = { outcome: 'passed' } as const;
const failed = { outcome: 'failed', why: 'status 503' } as const;

/** What the state says after each of the results. */
const verdicts = (text: string): readonly (string | undefined)[] => {
  const state = new CheckState();
  return [...text].map((letter) => {
    state.note(letter === '+' ? passed : failed, thresholds);
    return state.verdict.check;
  });
};

test('the first check that passes is enough to begin with', () => {
  expect(verdicts('+')).toEqual(['healthy']);
});

test('a target that never passed is unhealthy when so many have failed', () => {
  expect(verdicts('---')).toEqual([undefined, undefined, 'unhealthy']);
});

test('single failures change nothing, so many in a row do', () => {
  expect(verdicts('+--+--')).not.toContain('unhealthy');
  expect(verdicts('+---').at(-1)).toBe('unhealthy');
});

test('it is well again after so many in a row', () => {
  expect(verdicts('+---+').at(-1)).toBe('unhealthy');
  expect(verdicts('+---+-+').at(-1)).toBe('unhealthy');
  expect(verdicts('+---++').at(-1)).toBe('healthy');
});

test('says why the last one failed, for as long as it did, and when the verdict changed', () => {
  const state = new CheckState();
  expect(state.note(passed, thresholds)).toBe(true);
  expect(state.note(failed, thresholds)).toBe(false);
  expect(state.verdict).toEqual({ check: 'healthy', checkFailure: 'status 503' });
  expect(state.note(passed, thresholds)).toBe(false);
  expect(state.verdict).toEqual({ check: 'healthy' });
});
