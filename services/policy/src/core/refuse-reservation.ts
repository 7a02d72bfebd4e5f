import { readCounter, type WireError } from '@weir/contracts';
import { unitsText } from '@weir/limits';
import { toLimitHeaders } from './limit-headers.ts';
import type { Reservation, ReserveOutcome } from './limit-store.ts';

type Denied = Extract<ReserveOutcome, { outcome: 'denied' }>;

const unitWords = { tokens: 'Token', requests: 'Request', money: 'Cost' } as const;

/** Slots come free when a request ends, which nobody knows: a moment is the best guess. */
const slotRetryMs = 1_000;

const refuseBudget = (reservation: Reservation, denied: Denied, now: number): WireError => {
  const { index } = denied.refusal;
  const counter = readCounter(reservation.budgets[index]?.counter ?? '');
  const state = denied.budgets[index];
  if (!counter || !state) return { reason: 'budget_spent', message: 'Budget exhausted.', shouldRetry: false };
  const amount = (units: bigint): string => unitsText(units, counter.unit);
  const endsAt = new Date(counter.endsAt * 1_000).toISOString();
  const held = state.held > 0n ? `, ${amount(state.held)} held by requests that are still running` : '';
  return {
    reason: 'budget_spent',
    message:
      `${unitWords[counter.unit]} budget exhausted: budget "${counter.budget}" of ${counter.scope} has a limit of ` +
      `${amount(state.limit)}, ${amount(state.spent)} of it spent${held}. It starts anew at ${endsAt}.`,
    retryAfterMs: Math.max(1_000, counter.endsAt * 1_000 - now),
    // Its own retries would only be refused again.
    shouldRetry: false,
  };
};

const refuseBucket = (reservation: Reservation, denied: Denied): WireError => {
  const bucket = reservation.buckets[denied.refusal.index];
  const kind = bucket?.correctable === true ? 'tokens' : 'requests';
  const retryAfterMs = Math.max(1, denied.retryAfterMs ?? 1_000);
  return {
    reason: 'rate_limit',
    message:
      `Rate limit reached: ${bucket?.perMinute ?? 0} ${kind} per minute, up to ${bucket?.capacity ?? 0} at once. ` +
      `Try again in ${(retryAfterMs / 1_000).toFixed(3)} s.`,
    retryAfterMs,
  };
};

const refuseSlot = (reservation: Reservation, denied: Denied): WireError => ({
  reason: 'concurrency_limit',
  message: `Too many requests at a time: the limit is ${reservation.slots[denied.refusal.index]?.limit ?? 0}. Wait for one to end.`,
  retryAfterMs: slotRetryMs,
});

/** What the client is told when a limit or a budget refuses its request. `now`: milliseconds since the epoch. */
export const refuseReservation = (reservation: Reservation, denied: Denied, now: number): WireError => {
  const headers = toLimitHeaders(reservation, denied);
  const refusals = { budget: refuseBudget, bucket: refuseBucket, slot: refuseSlot };
  const error = refusals[denied.refusal.by](reservation, denied, now);
  return headers.length === 0 ? error : { ...error, headers };
};

/** A request that no waiting would help. */
export const refuseTooLarge = (reservation: Reservation, index: number): WireError => {
  const bucket = reservation.buckets[index];
  return {
    reason: 'request_exceeds_limit',
    message:
      `The request needs about ${bucket?.cost ?? 0} tokens, and its rate limit never lets more than ` +
      `${bucket?.capacity ?? 0} through at once. Send a shorter one.`,
    shouldRetry: false,
  };
};

/** The limit store is away, and the route says to refuse then. */
export const limitsUnavailable: WireError = {
  reason: 'limits_unavailable',
  message: 'Limits and budgets cannot be checked at the moment. Try again shortly.',
  retryAfterMs: 1_000,
};
