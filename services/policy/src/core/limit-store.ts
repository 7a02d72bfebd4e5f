/** A token bucket. One that was never charged is full, and one that is full again is forgotten. */
export interface BucketCharge {
  /** Names the bucket; each at most once in a reservation. */
  readonly key: string;
  /** Whole tokens. Buckets are exact up to 150 billion, and off by less than a token above. */
  readonly capacity: number;
  /** Refill, whole tokens. */
  readonly perMinute: number;
  readonly cost: number;
  /** True: settling corrects the cost to what was used, which may leave the bucket in debt. */
  readonly correctable: boolean;
  /** False: never refuses. What it lacks becomes debt, down to minus its capacity. */
  readonly enforce: boolean;
}

/** One of `limit` places, taken until the request finishes, or its hold expires. */
export interface SlotClaim {
  readonly key: string;
  readonly limit: number;
  readonly enforce: boolean;
}

/** What is left of the period before counts for this one: `limit` less what was spent then, and no more than `most`. */
export interface BudgetCarry {
  readonly counter: string;
  readonly limit: bigint;
  readonly most: bigint;
}

/** Amounts are in the counter's unit, never negative, and below 10^24. A hold of nothing fits into any budget. */
export interface BudgetHold {
  /** A `counterText`; each at most once in a reservation. */
  readonly counter: string;
  readonly amount: bigint;
  /** With burst, without what is carried over. */
  readonly limit: bigint;
  readonly enforce: boolean;
  /** Adds nothing when nothing is known of the period before. */
  readonly carry?: BudgetCarry;
}

export interface Reservation {
  /** Request id. */
  readonly id: string;
  /** The hold is forgotten unless it is extended within this time. */
  readonly ttlMs: number;
  /** True: the request was submitted before, and what was submitted then may be under way. Absent means false. */
  readonly isCopy?: boolean;
  /** What the output was lowered to, so that the holds fit. Kept with them. Absent: it was not. */
  readonly outputCap?: number;
  /** It is for the fallback upstreams of the request's route alone. Kept with the holds. Absent means false. */
  readonly fallback?: boolean;
  readonly buckets: readonly BucketCharge[];
  readonly slots: readonly SlotClaim[];
  readonly budgets: readonly BudgetHold[];
}

export interface BucketState {
  /** Whole tokens; negative in debt. */
  readonly remaining: number;
  /** Until it is full again. */
  readonly resetMs: number;
}

export interface SlotState {
  readonly used: number;
}

export interface BudgetState {
  readonly spent: bigint;
  readonly held: bigint;
  /** With burst and with what is carried over. `limit - spent - held` is what a hold may have. */
  readonly limit: bigint;
}

/** How everything that a reservation names stands, in the reservation's order. */
export interface LimitStates {
  readonly buckets: readonly BucketState[];
  readonly slots: readonly SlotState[];
  readonly budgets: readonly BudgetState[];
}

/** One member of a reservation that did not fit: `by` says of which list, `index` which. */
export interface Refusal {
  readonly by: 'bucket' | 'slot' | 'budget';
  readonly index: number;
}

export type ReserveOutcome =
  | ({
      readonly outcome: 'reserved';
      /** True: this id holds already, and nothing was changed. */
      readonly again: boolean;
      /** When `again`: the cap that its holds were made for. Absent: none. */
      readonly outputCap?: number;
      /** When `again`: its holds were made for the fallback upstreams alone. Absent means false. */
      readonly fallback?: boolean;
      /** What did not fit and is not enforced. Empty when `again`. */
      readonly wouldDeny: readonly Refusal[];
    } & LimitStates)
  /** Nothing was taken; the states are those that refused it. */
  | ({
      readonly outcome: 'denied';
      /** The first that is enforced and did not fit: buckets, then slots, then budgets. */
      readonly refusal: Refusal;
      /** Until all enforced buckets would fit. Absent unless a bucket refused. */
      readonly retryAfterMs?: number;
    } & LimitStates)
  /** An enforced bucket could not hold that much even when full. Nothing was taken. */
  | { readonly outcome: 'too_large'; readonly index: number }
  /** It has budgets, and the store knows no totals yet. Nothing was taken. */
  | { readonly outcome: 'uninitialised' };

export interface SettledRequest {
  /** Request id. */
  readonly id: string;
  /** What is added to the spend of each counter; negative where a correction lowers it. */
  readonly charges: readonly (readonly [counter: string, delta: bigint])[];
  /**
   * Tokens that the attempt used. Those of all attempts together are what correctable buckets are corrected to when the
   * request ends. Undefined: nobody knows; of the last one, so the estimate stands.
   */
  readonly tokens: number | undefined;
  /** True: the request is over, so its hold ends. False: the attempt was handed back for another one. */
  readonly ends: boolean;
}

/**
 * Everything that the ledger says after sequence `from`, up to and with `to`. A few hundred records at most: meanwhile
 * the store does nothing else.
 */
export interface SettleBatch {
  /** When the ledger was created: sequences mean nothing in another one. */
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  readonly records: readonly SettledRequest[];
}

export type SettleOutcome =
  | { readonly outcome: 'applied'; readonly watermark: number }
  /** Nothing was changed: the store is not at `from` but at `watermark`, from where to go on. */
  | { readonly outcome: 'behind'; readonly watermark: number }
  /** Nothing was changed: the totals are those of another ledger. */
  | { readonly outcome: 'foreign'; readonly epoch: string }
  | { readonly outcome: 'uninitialised' };

/** Where in which ledger the totals stand. */
export interface StorePosition {
  readonly epoch: string;
  /** Sequence of the last ledger message that was applied. */
  readonly watermark: number;
}

export interface StoreSnapshot extends StorePosition {
  /** Counter to what was spent. */
  readonly totals: ReadonlyMap<string, bigint>;
}

export interface CounterState {
  readonly counter: string;
  readonly spent: bigint;
  readonly held: bigint;
}

export interface LiveHold {
  /** Request id. */
  readonly id: string;
  readonly amount: bigint;
  /** Milliseconds since the epoch, by the store's clock. */
  readonly expiresAt: number;
}

export interface HoldList {
  readonly holds: readonly LiveHold[];
  /** False: there are more. */
  readonly complete: boolean;
}

/**
 * Rate limits, concurrency and budgets. Spend only ever grows from the ledger; what a running request may come to
 * use is a hold, a record of its own with an expiry, beside it. So a crash costs a hold's time to live, and the whole
 * store may be lost: the ledger rebuilds it.
 *
 * Every call is atomic. One that cannot reach the store rejects with StoreUnavailable; then it is not known whether
 * it was carried out, and it may be repeated: each is idempotent.
 */
export interface LimitStore {
  /** All or nothing. */
  reserve(reservation: Reservation): Promise<ReserveOutcome>;
  /** Adds spend and ends holds, each batch once: `from` has to be the watermark, and `to` becomes it. */
  settle(batch: SettleBatch): Promise<SettleOutcome>;
  /** The requests still run. Ids without a hold are passed over; no hold is shortened. */
  extend(ids: readonly string[], ttlMs: number): Promise<void>;
  /**
   * The requests are over: their slots are free. What they hold of budgets stays until they are settled, or for `ttlMs` if
   * that does not happen; no hold is shortened. `accounts`: their attempts were all handed back, so no record ends them;
   * so many records do, settled before this or after it. Then nothing happens to a hold that a copy shares.
   */
  finish(ids: readonly string[], ttlMs: number, accounts?: number): Promise<void>;
  /** The requests used nothing: everything is given back, bucket tokens too; not of a hold that a copy shares. */
  release(ids: readonly string[]): Promise<void>;
  /** Sets totals and watermark, unless the store has some already; true when it did. */
  restore(snapshot: StoreSnapshot): Promise<boolean>;
  /**
   * Forgets some holds that expired and some counters whose period ended 35 days ago; returns how many holds. Every call
   * forgets holds, so that this one matters while nothing else happens.
   */
  sweep(): Promise<number>;
  /** In the order asked. A counter that the store never heard of stands at nothing. */
  read(counters: readonly string[]): Promise<readonly CounterState[]>;
  /** At most `limit` of the holds on one counter, for people: it reads all holds. */
  holdsOf(counter: string, limit: number): Promise<HoldList>;
  /** Undefined: uninitialised, or emptied since. */
  position(): Promise<StorePosition | undefined>;
  close(): Promise<void>;
}
