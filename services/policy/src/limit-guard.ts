import type { LimitStore, Reservation, ReserveOutcome } from './core/limit-store.ts';
import { StoreUnavailable } from './stores/store-unavailable.ts';

type Judged = Exclude<ReserveOutcome, { outcome: 'uninitialised' }>;

export type GuardedOutcome =
  | Judged
  /** The store cannot be asked, and the route says to refuse then. */
  | { readonly outcome: 'unavailable' };

export interface LimitGuard {
  /** Rejects for bugs only: a store that is away is an outcome. */
  reserve(reservation: Reservation, failureMode: 'closed' | 'open'): Promise<GuardedOutcome>;
  /** True, or why limits are not those of the store at the moment. */
  status(): true | string;
  /** Asks the store whether it is back, when it was away. To be called some times a second. */
  probe(): Promise<void>;
}

export interface LimitGuardOptions {
  readonly store: LimitStore;
  /** In this process: what `open` routes are limited by while the store is away. */
  readonly fallback: LimitStore;
  /** Replicas that share the limits, at least 1. */
  readonly replicas: () => number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly onTrouble: (error: unknown) => void;
}

/** So many failures in a row, and the store is left alone until a probe comes back. */
const failuresUntilAway = 3;
/** One stall lets many calls fail at once, and is one failure. */
const failureSpacingMs = 30;

const isJudged = (outcome: ReserveOutcome): outcome is Judged => outcome.outcome !== 'uninitialised';

const shareOf = (amount: number, replicas: number): number => Math.max(1, Math.floor(amount / replicas));

/** Each replica lets its share of the rates through, and its share of what is left of the budgets. */
const toShare = async (
  reservation: Reservation,
  fallback: LimitStore,
  replicas: number,
): Promise<Reservation> => {
  const states = await fallback.read(reservation.budgets.map(({ counter }) => counter));
  const spentOf = new Map(states.map(({ counter, spent }) => [counter, spent]));
  return {
    ...reservation,
    buckets: reservation.buckets.map((bucket) => ({
      ...bucket,
      capacity: shareOf(bucket.capacity, replicas),
      perMinute: shareOf(bucket.perMinute, replicas),
      cost: Math.min(bucket.cost, shareOf(bucket.capacity, replicas)),
    })),
    slots: reservation.slots.map((slot) => ({ ...slot, limit: shareOf(slot.limit, replicas) })),
    budgets: reservation.budgets.map((budget) => {
      const spent = spentOf.get(budget.counter) ?? 0n;
      const left = budget.limit - spent;
      const { carry } = budget;
      return {
        ...budget,
        limit: left <= 0n ? budget.limit : spent + left / BigInt(replicas),
        ...(carry === undefined ? {} : { carry: { ...carry, most: carry.most / BigInt(replicas) } }),
      };
    }),
  };
};

/** Decides what becomes of requests while the limit store is away, without waiting for it again and again. */
export const createLimitGuard = (options: LimitGuardOptions): LimitGuard => {
  const { store, fallback, replicas, now, onTrouble } = options;
  let failures = 0;
  let failedAt = Number.NEGATIVE_INFINITY;
  let reason: string | undefined;

  const noteFailure = (error: StoreUnavailable): void => {
    if (now() - failedAt < failureSpacingMs) return;
    failedAt = now();
    failures += 1;
    if (failures < failuresUntilAway || reason !== undefined) return;
    reason = error.message;
    onTrouble(error);
  };

  const without = async (
    reservation: Reservation,
    failureMode: 'closed' | 'open',
  ): Promise<GuardedOutcome> => {
    if (failureMode === 'closed') return { outcome: 'unavailable' };
    const share = await toShare(reservation, fallback, replicas());
    const local = await fallback.reserve(share);
    if (isJudged(local)) return local;
    // It does not know the totals either: rates are all that is left to go by.
    const byRates = await fallback.reserve({ ...share, budgets: [] });
    return isJudged(byRates) ? byRates : { outcome: 'unavailable' };
  };

  return {
    reserve: async (reservation, failureMode) => {
      if (reason !== undefined) return without(reservation, failureMode);
      try {
        const outcome = await store.reserve(reservation);
        failures = 0;
        return isJudged(outcome) ? outcome : without(reservation, failureMode);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        noteFailure(error);
        // Its answer may only be late: a request that is refused must not hold anything then. What was submitted before
        // may hold the same, and run.
        if (failureMode === 'closed' && !reservation.isCopy)
          store.release([reservation.id]).catch(() => undefined);
        return without(reservation, failureMode);
      }
    },
    status: () => reason === undefined || reason,
    probe: async () => {
      if (reason === undefined) return;
      try {
        await store.position();
        failures = 0;
        reason = undefined;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        reason = error.message;
      }
    },
  };
};
