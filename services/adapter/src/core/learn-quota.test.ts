import { expect, it } from 'vitest';
import { learnQuota, longestExhaustionMs } from './learn-quota.ts';

const now = 1_000;
const requests = { remaining: 3, resetsAt: 9_000 };

it('a refusal with a pause closes the target until it is over, for ten minutes at most', () => {
  expect(learnQuota({ told: {}, status: 429, retryAfterMs: 500, now })).toEqual({
    observedAt: now,
    exhaustedUntil: 1_500,
  });
  expect(learnQuota({ told: {}, status: 529, retryAfterMs: 86_400_000, now })?.exhaustedUntil).toBe(
    now + longestExhaustionMs,
  );
});

it('what the headers tell is kept, of any answer', () => {
  expect(learnQuota({ told: { requests }, status: 200, retryAfterMs: undefined, now })).toEqual({
    observedAt: now,
    requests,
  });
});

it('an answer that says nothing of limits teaches nothing: neither a success nor a pause for another reason', () => {
  expect(learnQuota({ told: {}, status: 200, retryAfterMs: undefined, now })).toBeUndefined();
  expect(learnQuota({ told: {}, status: 503, retryAfterMs: 500, now })).toBeUndefined();
  expect(learnQuota({ told: {}, status: 429, retryAfterMs: undefined, now })).toBeUndefined();
});
