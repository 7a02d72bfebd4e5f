import type {
  BucketCharge,
  BudgetCarry,
  LimitStates,
  Refusal,
  Reservation,
  ReserveOutcome,
} from '../core/limit-store.ts';
import { pushDue } from './due-queue.ts';
import { addTo, type HoldRecord, liveHold, type StoreState, storeUsed } from './store-state.ts';
import { excessUnits, lenientCharge, minuteUnits, remainingTokens, usedAt, waitMs } from './token-bucket.ts';

const carriedOver = (state: StoreState, carry: BudgetCarry | undefined): bigint => {
  const before = carry && state.spent.get(carry.counter);
  if (carry === undefined || before === undefined) return 0n;
  const left = carry.limit - before;
  if (left < 0n) return 0n;
  return left < carry.most ? left : carry.most;
};

const countLive = (state: StoreState, key: string, now: number): number => {
  const members = state.slots.get(key);
  if (members === undefined) return 0;
  for (const [id, expiresAt] of members) if (expiresAt <= now) members.delete(id);
  return members.size;
};

const usedOf = (state: StoreState, { key, perMinute }: BucketCharge, now: number): number =>
  usedAt(state.buckets.get(key), perMinute, now);

const statesOf = (state: StoreState, reservation: Reservation, now: number): LimitStates => ({
  buckets: reservation.buckets.map((bucket) => {
    const used = usedOf(state, bucket, now);
    return {
      remaining: remainingTokens(used, bucket.capacity),
      resetMs: waitMs(used, bucket.perMinute),
    };
  }),
  slots: reservation.slots.map(({ key }) => ({ used: countLive(state, key, now) })),
  budgets: reservation.budgets.map(({ counter, limit, carry }) => ({
    spent: state.spent.get(counter) ?? 0n,
    held: state.held.get(counter) ?? 0n,
    limit: limit + carriedOver(state, carry),
  })),
});

interface Misfit extends Refusal {
  readonly enforce: boolean;
  readonly waitMs?: number;
}

const misfitsOf = (
  state: StoreState,
  { buckets, slots, budgets }: Reservation,
  states: LimitStates,
  now: number,
): Misfit[] => [
  ...buckets.flatMap((bucket, index): Misfit[] => {
    const { cost, capacity, perMinute, enforce } = bucket;
    const excess = excessUnits(usedOf(state, bucket, now), cost, capacity);
    return excess <= 0 ? [] : [{ by: 'bucket', index, enforce, waitMs: waitMs(excess, perMinute) }];
  }),
  ...slots.flatMap(({ limit, enforce }, index): Misfit[] =>
    (states.slots[index]?.used ?? 0) < limit ? [] : [{ by: 'slot', index, enforce }],
  ),
  ...budgets.flatMap(({ amount, enforce }, index): Misfit[] => {
    const { spent = 0n, held = 0n, limit = 0n } = states.budgets[index] ?? {};
    return amount === 0n || spent + held + amount <= limit ? [] : [{ by: 'budget', index, enforce }];
  }),
];

const take = (state: StoreState, reservation: Reservation, now: number): void => {
  const { id, ttlMs, outputCap, isCopy = false, fallback = false, buckets, slots, budgets } = reservation;
  const expiresAt = now + ttlMs;
  const charges = buckets.map((bucket): HoldRecord['buckets'][number] => {
    const { key, perMinute, cost, capacity, correctable, enforce } = bucket;
    const used = usedOf(state, bucket, now);
    const charged = enforce ? cost * minuteUnits : lenientCharge(used, cost, capacity);
    storeUsed(state, key, { used: used + charged, perMinute }, now);
    return { key, perMinute, charged, correctable };
  });
  for (const { key } of slots) {
    const members = state.slots.get(key) ?? new Map<string, number>();
    state.slots.set(key, members.set(id, expiresAt));
  }
  for (const { counter, amount } of budgets) addTo(state, 'held', counter, amount);
  state.holds.set(id, {
    expiresAt,
    outputCap,
    isShared: isCopy,
    accounts: 0,
    accountedTokens: undefined,
    awaitedAccounts: undefined,
    fallback,
    buckets: charges,
    slots: slots.map(({ key }) => key),
    budgets: budgets.map(({ counter, amount }) => ({ counter, amount })),
  });
  pushDue(state.expiries, { at: expiresAt, name: id });
};

const refusalOf = ({ by, index }: Misfit): Refusal => ({ by, index });

export const reserveInState = (state: StoreState, reservation: Reservation, now: number): ReserveOutcome => {
  const held = liveHold(state, reservation.id, now);
  const states = statesOf(state, reservation, now);
  if (held) {
    if (reservation.isCopy) Object.assign(held, { isShared: true, awaitedAccounts: undefined });
    const kept = {
      ...(held.outputCap === undefined ? {} : { outputCap: held.outputCap }),
      ...(held.fallback ? { fallback: true } : {}),
    };
    return { outcome: 'reserved', again: true, ...kept, wouldDeny: [], ...states };
  }
  if (reservation.budgets.length > 0 && state.position === undefined) return { outcome: 'uninitialised' };
  const oversized = reservation.buckets.findIndex(
    ({ enforce, cost, capacity }) => enforce && cost > capacity,
  );
  if (oversized >= 0) return { outcome: 'too_large', index: oversized };
  const misfits = misfitsOf(state, reservation, states, now);
  const enforced = misfits.filter(({ enforce }) => enforce);
  const [first] = enforced;
  if (first) {
    const waits = enforced.flatMap((misfit) => misfit.waitMs ?? []);
    const retry = waits.length === 0 ? {} : { retryAfterMs: Math.max(...waits) };
    return { outcome: 'denied', refusal: refusalOf(first), ...retry, ...states };
  }
  take(state, reservation, now);
  const taken = statesOf(state, reservation, now);
  return { outcome: 'reserved', again: false, wouldDeny: misfits.map(refusalOf), ...taken };
};
