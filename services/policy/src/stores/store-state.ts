import type { StorePosition } from '../core/limit-store.ts';
import { periodEndOf } from './counter-period.ts';
import { type DueQueue, popDue, pushDue } from './due-queue.ts';
import { type Bucket, usedAt, waitMs } from './token-bucket.ts';

export interface HoldRecord {
  expiresAt: number;
  /** Emptied when the request finishes. */
  slots: readonly string[];
  readonly outputCap: number | undefined;
  /** A copy of the request was admitted, too: what is said of one copy is not said of both. */
  isShared: boolean;
  /** Accounts so far of attempts that were handed back, and the tokens of those that knew. */
  accounts: number;
  accountedTokens: number | undefined;
  /** The request is over when there are so many of them. Undefined: it goes on, or another account ends it. */
  awaitedAccounts: number | undefined;
  readonly fallback: boolean;
  readonly buckets: readonly {
    readonly key: string;
    readonly perMinute: number;
    /** In units of the bucket. */
    readonly charged: number;
    readonly correctable: boolean;
  }[];
  readonly budgets: readonly { readonly counter: string; readonly amount: bigint }[];
}

/** All that the memory store knows: plain data, so that a test can put back an older copy of it. */
export interface StoreState {
  position: StorePosition | undefined;
  spent: Map<string, bigint>;
  held: Map<string, bigint>;
  holds: Map<string, HoldRecord>;
  /** Request ids; those of holds that were extended or ended are stale. */
  expiries: DueQueue;
  buckets: Map<string, Bucket>;
  /** One entry for each bucket, from when on it may be full again. */
  refills: DueQueue;
  /** Request ids of each key, with their expiry. */
  slots: Map<string, Map<string, number>>;
  /** Counters by when they may be forgotten, and the same as a set: each is in there once. */
  periodEnds: DueQueue;
  periods: Set<string>;
}

export const createStoreState = (): StoreState => ({
  position: undefined,
  spent: new Map(),
  held: new Map(),
  holds: new Map(),
  expiries: [],
  buckets: new Map(),
  refills: [],
  slots: new Map(),
  periodEnds: [],
  periods: new Set(),
});

const sweptPerCall = 32;
const keptPeriodMs = 35 * 24 * 3_600_000;

export const addTo = (state: StoreState, kind: 'spent' | 'held', counter: string, delta: bigint): void => {
  const periodEnd = state.periods.has(counter) ? undefined : periodEndOf(counter);
  if (periodEnd !== undefined) {
    state.periods.add(counter);
    pushDue(state.periodEnds, { at: periodEnd * 1_000 + keptPeriodMs, name: counter });
  }
  state[kind].set(counter, (state[kind].get(counter) ?? 0n) + delta);
};

const giveBack = (state: StoreState, counter: string, amount: bigint): void => {
  const held = state.held.get(counter);
  if (held === undefined) return;
  if (held > amount) state.held.set(counter, held - amount);
  else state.held.delete(counter);
};

export const storeUsed = (
  state: StoreState,
  key: string,
  bucket: { readonly used: number; readonly perMinute: number },
  now: number,
): void => {
  const { used, perMinute } = bucket;
  if (used <= 0 && !state.buckets.has(key)) return;
  if (!state.buckets.has(key)) pushDue(state.refills, { at: now + waitMs(used, perMinute), name: key });
  state.buckets.set(key, { used: Math.max(0, used), perMinute, at: now });
};

export const refill = (
  state: StoreState,
  bucket: HoldRecord['buckets'][number],
  units: number,
  now: number,
): void => {
  const { key, perMinute } = bucket;
  const used = usedAt(state.buckets.get(key), perMinute, now) - units;
  if (units !== 0) storeUsed(state, key, { used, perMinute }, now);
};

export const freeSlots = (state: StoreState, id: string, record: HoldRecord): void => {
  for (const key of record.slots) {
    const members = state.slots.get(key);
    members?.delete(id);
    if (members?.size === 0) state.slots.delete(key);
  }
};

export const forget = (state: StoreState, id: string, record: HoldRecord): void => {
  for (const { counter, amount } of record.budgets) giveBack(state, counter, amount);
  freeSlots(state, id, record);
  state.holds.delete(id);
};

/** One that expired, and that the sweep has not come to yet, is none. */
export const liveHold = (state: StoreState, id: string, now: number): HoldRecord | undefined => {
  const record = state.holds.get(id);
  if (record === undefined || record.expiresAt > now) return record;
  forget(state, id, record);
  return undefined;
};

/** False when the hold lasts that long already. */
export const prolong = (state: StoreState, id: string, record: HoldRecord, expiresAt: number): boolean => {
  if (record.expiresAt >= expiresAt) return false;
  record.expiresAt = expiresAt;
  pushDue(state.expiries, { at: expiresAt, name: id });
  return true;
};

export const sweepHolds = (state: StoreState, now: number): number => {
  let swept = 0;
  while (swept < sweptPerCall) {
    const due = popDue(state.expiries, now);
    if (due === undefined) break;
    const record = state.holds.get(due.name);
    if (record === undefined || record.expiresAt !== due.at) continue;
    forget(state, due.name, record);
    swept += 1;
  }
  return swept;
};

export const sweepBuckets = (state: StoreState, now: number): void => {
  for (let swept = 0; swept < sweptPerCall; swept += 1) {
    const due = popDue(state.refills, now);
    if (due === undefined) return;
    const bucket = state.buckets.get(due.name);
    const left = usedAt(bucket, bucket?.perMinute ?? 1, now);
    if (left === 0) state.buckets.delete(due.name);
    else pushDue(state.refills, { at: now + waitMs(left, bucket?.perMinute ?? 1), name: due.name });
  }
};

export const sweepPeriods = (state: StoreState, now: number): void => {
  for (let swept = 0; swept < sweptPerCall; swept += 1) {
    const due = popDue(state.periodEnds, now);
    if (due === undefined) return;
    if (state.held.has(due.name)) {
      pushDue(state.periodEnds, { at: now + 1, name: due.name });
      continue;
    }
    state.spent.delete(due.name);
    state.periods.delete(due.name);
  }
};
