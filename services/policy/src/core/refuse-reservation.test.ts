import { expect, test } from 'vitest';
import type { Reservation, ReserveOutcome } from './limit-store.ts';
import { refuseReservation, refuseTooLarge } from './refuse-reservation.ts';

const startsAt = Date.parse('2026-01-10T00:00:00Z') / 1_000;
const endsAt = Date.parse('2026-01-11T00:00:00Z') / 1_000;
const now = Date.parse('2026-01-10T23:00:00Z');

const bucket = { key: 'b', capacity: 20, perMinute: 60, cost: 5, correctable: true, enforce: true };
const reservation: Reservation = {
  id: 'request-1',
  ttlMs: 60_000,
  buckets: [bucket, { ...bucket, key: 'r', correctable: false, capacity: 10 }],
  slots: [{ key: 's', limit: 2, enforce: true }],
  budgets: [
    { counter: `t|org:acme|daily|${startsAt}|${endsAt}`, amount: 10n, limit: 1_000n, enforce: true },
    { counter: `m|key:acme/k1|cost|${startsAt}|${endsAt}`, amount: 5n, limit: 2_500_000_000n, enforce: true },
  ],
};

type Denied = Extract<ReserveOutcome, { outcome: 'denied' }>;

const denied = (by: 'bucket' | 'slot' | 'budget', index: number, retryAfterMs?: number): Denied => ({
  outcome: 'denied',
  refusal: { by, index },
  buckets: [
    { remaining: -3, resetMs: 23_000 },
    { remaining: 9, resetMs: 120 },
  ],
  slots: [{ used: 2 }],
  budgets: [
    { spent: 900n, held: 95n, limit: 1_000n },
    { spent: 1_000_000_000n, held: 0n, limit: 2_500_000_000n },
  ],
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

test('a spent budget says which one, how much of it, and when it starts anew', () => {
  expect(refuseReservation(reservation, denied('budget', 0), now)).toMatchObject({
    reason: 'budget_spent',
    message:
      'Token budget exhausted: budget "daily" of org:acme has a limit of 1000, 900 of it spent, ' +
      '95 held by requests that are still running. It starts anew at 2026-01-11T00:00:00.000Z.',
    retryAfterMs: 3_600_000,
    shouldRetry: false,
  });
});

test('money is told in the currency', () => {
  const error = refuseReservation(reservation, denied('budget', 1), now);
  expect(error.message).toMatch(/^Cost budget exhausted: .* limit of 2\.5, 1 of it spent\. /);
});

test('a bucket says when to come again, a slot to wait for an end', () => {
  expect(refuseReservation(reservation, denied('bucket', 0, 8_000), now)).toMatchObject({
    reason: 'rate_limit',
    message: 'Rate limit reached: 60 tokens per minute, up to 20 at once. Try again in 8.000 s.',
    retryAfterMs: 8_000,
  });
  expect(refuseReservation(reservation, denied('bucket', 1, 1), now).message).toMatch(/60 requests per/);
  expect(refuseReservation(reservation, denied('slot', 0), now)).toMatchObject({
    reason: 'concurrency_limit',
    message: expect.stringContaining('the limit is 2'),
  });
});

test('every refusal carries what is left of everything', () => {
  expect(refuseReservation(reservation, denied('slot', 0), now).headers).toEqual([
    ['x-ratelimit-limit-requests', '10'],
    ['x-ratelimit-remaining-requests', '9'],
    ['x-ratelimit-reset-requests', '120ms'],
    ['x-ratelimit-limit-tokens', '20'],
    ['x-ratelimit-remaining-tokens', '0'],
    ['x-ratelimit-reset-tokens', '23s'],
    ['x-budget-remaining', '5'],
    ['x-budget-period-reset', '2026-01-11T00:00:00Z'],
  ]);
});

test('a request that is larger than its bucket is told so', () => {
  expect(refuseTooLarge(reservation, 0)).toMatchObject({
    reason: 'request_exceeds_limit',
    message: expect.stringContaining('never lets more than 20 through'),
    shouldRetry: false,
  });
});
