import type {
  HoldList,
  LimitStore,
  LiveHold,
  Reservation,
  SettleBatch,
  SettledRequest,
  SettleOutcome,
  StoreSnapshot,
} from '../core/limit-store.ts';
import { reserveInState } from './memory-reserve.ts';
import {
  addTo,
  createStoreState,
  forget,
  freeSlots,
  type HoldRecord,
  liveHold,
  prolong,
  refill,
  type StoreState,
  sweepBuckets,
  sweepHolds,
  sweepPeriods,
} from './store-state.ts';
import { minuteUnits } from './token-bucket.ts';

interface Ended {
  readonly id: string;
  /** Undefined: nobody knows. */
  readonly tokens: number | undefined;
}

const endHold = (state: StoreState, hold: HoldRecord, { id, tokens }: Ended, now: number): void => {
  forget(state, id, hold);
  if (tokens === undefined) return;
  for (const bucket of hold.buckets) {
    if (bucket.correctable) refill(state, bucket, bucket.charged - tokens * minuteUnits, now);
  }
};

const endIfAccounted = (state: StoreState, id: string, hold: HoldRecord, now: number): void => {
  const { accounts, accountedTokens: tokens, awaitedAccounts } = hold;
  if (accounts >= (awaitedAccounts ?? Number.POSITIVE_INFINITY)) endHold(state, hold, { id, tokens }, now);
};

const settleRecord = (state: StoreState, record: SettledRequest, now: number): void => {
  for (const [counter, delta] of record.charges) addTo(state, 'spent', counter, delta);
  const { id, tokens, ends } = record;
  const hold = liveHold(state, id, now);
  if (hold === undefined) return;
  const soFar = tokens === undefined ? undefined : (hold.accountedTokens ?? 0) + tokens;
  if (ends) return endHold(state, hold, { id, tokens: soFar }, now);
  hold.accounts += 1;
  hold.accountedTokens = soFar ?? hold.accountedTokens;
  endIfAccounted(state, id, hold, now);
};

class MemoryStore implements LimitStore {
  readonly #now: () => number;
  readonly #state: StoreState;

  constructor(now: () => number, state: StoreState) {
    this.#now = now;
    this.#state = state;
  }

  async reserve(reservation: Reservation) {
    return reserveInState(this.#state, reservation, this.#begin());
  }

  async settle({ epoch, from, to, records }: SettleBatch): Promise<SettleOutcome> {
    const now = this.#begin();
    const { position } = this.#state;
    if (position === undefined) return { outcome: 'uninitialised' };
    if (position.epoch !== epoch) return { outcome: 'foreign', epoch: position.epoch };
    if (position.watermark !== from) return { outcome: 'behind', watermark: position.watermark };
    for (const record of records) settleRecord(this.#state, record, now);
    this.#state.position = { epoch, watermark: to };
    return { outcome: 'applied', watermark: to };
  }

  async extend(ids: readonly string[], ttlMs: number) {
    const now = this.#begin();
    const expiresAt = now + ttlMs;
    for (const id of ids) {
      const record = liveHold(this.#state, id, now);
      if (record === undefined || !prolong(this.#state, id, record, expiresAt)) continue;
      for (const key of record.slots) this.#state.slots.get(key)?.set(id, expiresAt);
    }
  }

  async finish(ids: readonly string[], ttlMs: number, accounts?: number) {
    const now = this.#begin();
    for (const id of ids) {
      const record = liveHold(this.#state, id, now);
      if (record === undefined || (record.isShared && accounts !== undefined)) continue;
      freeSlots(this.#state, id, record);
      record.slots = [];
      prolong(this.#state, id, record, now + ttlMs);
      record.awaitedAccounts = accounts ?? record.awaitedAccounts;
      endIfAccounted(this.#state, id, record, now);
    }
  }

  async release(ids: readonly string[]) {
    const now = this.#begin();
    for (const id of ids) {
      const record = liveHold(this.#state, id, now);
      if (record === undefined || record.isShared) continue;
      forget(this.#state, id, record);
      for (const bucket of record.buckets) refill(this.#state, bucket, bucket.charged, now);
    }
  }

  async restore({ epoch, watermark, totals }: StoreSnapshot) {
    const state = this.#state;
    if (state.position !== undefined) return false;
    state.spent.clear();
    state.held.clear();
    state.periodEnds.length = 0;
    state.periods.clear();
    for (const [counter, total] of totals) addTo(state, 'spent', counter, total);
    state.position = { epoch, watermark };
    return true;
  }

  async sweep() {
    const now = this.#now();
    sweepBuckets(this.#state, now);
    sweepPeriods(this.#state, now);
    return sweepHolds(this.#state, now);
  }

  async read(counters: readonly string[]) {
    this.#begin();
    const { spent, held } = this.#state;
    return counters.map((counter) => ({
      counter,
      spent: spent.get(counter) ?? 0n,
      held: held.get(counter) ?? 0n,
    }));
  }

  async holdsOf(counter: string, limit: number): Promise<HoldList> {
    const holds: LiveHold[] = [];
    for (const [id, { budgets, expiresAt }] of this.#state.holds) {
      const hold = budgets.find((budget) => budget.counter === counter);
      if (hold === undefined) continue;
      if (holds.length === limit) return { holds, complete: false };
      holds.push({ id, amount: hold.amount, expiresAt });
    }
    return { holds, complete: true };
  }

  async position() {
    return this.#state.position;
  }

  async close() {}

  /** What every call does first. */
  #begin(): number {
    const now = this.#now();
    sweepHolds(this.#state, now);
    sweepBuckets(this.#state, now);
    return now;
  }
}

/** Limits of one process: for a single replica, and for what it lets through by itself while Redis is away. */
export const createMemoryStore = (now: () => number, state = createStoreState()): LimitStore =>
  new MemoryStore(now, state);
