import { expect, it } from 'vitest';
import { toAnthropicQuota } from './quota.ts';

const headers = {
  'anthropic-ratelimit-requests-limit': '50',
  'anthropic-ratelimit-requests-remaining': '0',
  'anthropic-ratelimit-requests-reset': '2030-01-01T00:00:10Z',
  'anthropic-ratelimit-tokens-limit': '90000',
  'anthropic-ratelimit-tokens-remaining': '80000',
  'anthropic-ratelimit-tokens-reset': '2030-01-01T00:00:20Z',
  'anthropic-ratelimit-input-tokens-limit': '50000',
  'anthropic-ratelimit-input-tokens-remaining': '1000',
  'anthropic-ratelimit-input-tokens-reset': '2030-01-01T00:00:30Z',
};
const at = (second: number): number => Date.UTC(2030, 0, 1, 0, 0, second);

it('reads what is left and when it is back, of tokens the tighter of both limits', () => {
  expect(toAnthropicQuota(headers)).toEqual({
    requests: { remaining: 0, limit: 50, resetsAt: at(10) },
    tokens: { remaining: 1_000, limit: 50_000, resetsAt: at(30) },
  });
  expect(
    toAnthropicQuota({ ...headers, 'anthropic-ratelimit-input-tokens-remaining': '85000' }).tokens,
  ).toEqual({
    remaining: 80_000,
    limit: 90_000,
    resetsAt: at(20),
  });
});

it('takes what is incomplete for unknown', () => {
  expect(toAnthropicQuota({ ...headers, 'anthropic-ratelimit-requests-reset': 'later' })).not.toHaveProperty(
    'requests',
  );
  expect(toAnthropicQuota({})).toEqual({});
});
