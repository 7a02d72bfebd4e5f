import { expect, it } from 'vitest';
import { toDurationMs, toOpenaiQuota } from './quota.ts';

it.each([
  ['1s', 1_000],
  ['6m0s', 360_000],
  ['1h2m3.5s', 3_723_500],
  ['12ms', 12],
  ['7.66s', 7_660],
  ['2', 2_000],
  ['soon', undefined],
  ['', undefined],
  ['-1s', undefined],
])('a reset in %j is %s ms away', (text, expected) => {
  expect(toDurationMs(text)).toBe(expected);
});

const headers = {
  'x-ratelimit-limit-requests': '60',
  'x-ratelimit-limit-tokens': '150000',
  'x-ratelimit-remaining-requests': '59',
  'x-ratelimit-remaining-tokens': '149984',
  'x-ratelimit-reset-requests': '1s',
  'x-ratelimit-reset-tokens': '6m0s',
};

it('reads what is left and when it is back', () => {
  expect(toOpenaiQuota(headers, 5_000)).toEqual({
    requests: { remaining: 59, limit: 60, resetsAt: 6_000 },
    tokens: { remaining: 149_984, limit: 150_000, resetsAt: 365_000 },
  });
});

it('takes what is incomplete for unknown', () => {
  expect(
    toOpenaiQuota({ ...headers, 'x-ratelimit-reset-tokens': '', 'x-ratelimit-limit-requests': '-1' }, 0),
  ).toEqual({
    requests: { remaining: 59, resetsAt: 1_000 },
  });
  expect(toOpenaiQuota({}, 0)).toEqual({});
});
