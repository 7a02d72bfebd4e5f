import type { Reservation, ReserveOutcome, SettledRequest } from '../core/limit-store.ts';

interface ModelHold {
  readonly expiresAt: number;
  readonly reservation: Reservation;
  readonly finished: boolean;
  readonly isShared: boolean;
  /** Tokens of each account of an attempt that was handed back. */
  readonly accounts: readonly (number | undefined)[];
  readonly awaited: number | undefined;
  /** Units that each bucket was charged. */
  readonly charged: readonly bigint[];
}

const minute = 60_000n;

const largest = (left: bigint, right: bigint): bigint => (left > right ? left : right);
/** Of those that are known. Undefined: none is. */
const sumOf = (accounts: readonly (number | undefined)[]): number | undefined => {
  const known = accounts.filter((tokens) => tokens !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, tokens) => total + tokens, 0);
};
const smallest = (left: bigint, right: bigint): bigint => (left < right ? left : right);

/**
 * What a limit store should be, said in the simplest way: spend is the sum of the ledger up to the watermark, what is
 * held is the sum of live holds. For tests alone.
 */
export class StoreModel {
  now = 0;
  watermark = 0;
  readonly ledger: SettledRequest[] = [];
  holds = new Map<string, ModelHold>();
  /** Units used of each bucket, as of now. */
  used = new Map<string, bigint>();
  rates = new Map<string, bigint>();
  /** What was charged beyond what was held for it: by as much, and no more, spend and holds may exceed a limit. */
  overshoot = new Map<string, bigint>();

  copy(): () => void {
    const { watermark, now } = this;
    const [holds, used] = [new Map(this.holds), new Map(this.used)];
    return () => {
      const passed = this.now - now;
      this.now = now;
      Object.assign(this, { watermark, holds: new Map(holds), used: new Map(used) });
      this.advance(passed);
    };
  }

  advance(byMs: number): void {
    this.now += byMs;
    for (const [key, used] of this.used) {
      this.used.set(key, largest(0n, used - BigInt(byMs) * (this.rates.get(key) ?? 0n)));
    }
    for (const [id, { expiresAt }] of this.holds) if (expiresAt <= this.now) this.holds.delete(id);
  }

  spent(counter: string, upTo = this.watermark): bigint {
    const charges = this.ledger.slice(0, upTo).flatMap((record) => record.charges);
    return charges.reduce((sum, [charged, delta]) => (charged === counter ? sum + delta : sum), 0n);
  }

  held(counter: string): bigint {
    const amounts = [...this.holds.values()].flatMap(({ reservation }) => reservation.budgets);
    return amounts.reduce((sum, budget) => (budget.counter === counter ? sum + budget.amount : sum), 0n);
  }

  inSlot(key: string): number {
    const running = [...this.holds.values()].filter(({ finished }) => !finished);
    return running.filter(({ reservation }) => reservation.slots.some((slot) => slot.key === key)).length;
  }

  reserve(
    reservation: Reservation,
  ): Pick<ReserveOutcome, 'outcome'> & { readonly again?: boolean; readonly fallback?: true } {
    const { id, buckets, slots, budgets, ttlMs } = reservation;
    const { isCopy = false } = reservation;
    const held = this.holds.get(id);
    if (held && isCopy) this.holds.set(id, { ...held, isShared: true, awaited: undefined });
    if (held) {
      return { outcome: 'reserved', again: true, ...(held.reservation.fallback ? { fallback: true } : {}) };
    }
    const enforced = buckets.filter(({ enforce }) => enforce);
    if (enforced.some(({ cost, capacity }) => cost > capacity)) return { outcome: 'too_large' };
    const fits = [
      enforced.every(
        (bucket) => this.#usedOf(bucket.key) + this.#cost(bucket.cost) <= this.#cost(bucket.capacity),
      ),
      slots.every((slot) => !slot.enforce || this.inSlot(slot.key) < slot.limit),
      budgets.every(
        ({ enforce, counter, amount, limit }) =>
          !enforce || amount === 0n || this.spent(counter) + this.held(counter) + amount <= limit,
      ),
    ];
    if (fits.includes(false)) return { outcome: 'denied' };
    const charged = buckets.map(({ key, cost, capacity, perMinute, enforce }) => {
      const used = this.#usedOf(key);
      const room = largest(0n, 2n * this.#cost(capacity) - used);
      const units = enforce ? this.#cost(cost) : smallest(this.#cost(cost), room);
      this.rates.set(key, BigInt(perMinute));
      this.used.set(key, used + units);
      return units;
    });
    const expiresAt = this.now + ttlMs;
    const begun = { isShared: isCopy, accounts: [], awaited: undefined };
    this.holds.set(id, { expiresAt, reservation, finished: false, charged, ...begun });
    return { outcome: 'reserved', again: false };
  }

  /** Applies the ledger up to `to`. */
  settle(to: number): void {
    for (const { id, ends, tokens, charges } of this.ledger.slice(this.watermark, to)) {
      const hold = this.holds.get(id);
      for (const [counter, delta] of charges) {
        // What was handed back is charged beside the hold, which stays for the next attempt.
        const ended = ends ? hold : undefined;
        const budget = ended?.reservation.budgets.find((one) => one.counter === counter);
        const beyond = largest(0n, delta - (budget?.amount ?? 0n));
        this.overshoot.set(counter, (this.overshoot.get(counter) ?? 0n) + beyond);
      }
      if (hold === undefined) continue;
      if (ends) this.#end(id, hold, tokens === undefined ? undefined : (sumOf(hold.accounts) ?? 0) + tokens);
      else {
        this.holds.set(id, { ...hold, accounts: [...hold.accounts, tokens] });
        this.#endIfAccounted(id);
      }
    }
    this.watermark = to;
  }

  extend(id: string, ttlMs: number): void {
    const hold = this.holds.get(id);
    if (hold) this.holds.set(id, { ...hold, expiresAt: Math.max(hold.expiresAt, this.now + ttlMs) });
  }

  finish(id: string, ttlMs: number, accounts?: number): void {
    if (accounts !== undefined && this.holds.get(id)?.isShared) return;
    this.extend(id, ttlMs);
    const hold = this.holds.get(id);
    if (hold) this.holds.set(id, { ...hold, finished: true, awaited: accounts ?? hold.awaited });
    this.#endIfAccounted(id);
  }

  release(id: string): void {
    const hold = this.holds.get(id);
    if (!hold || hold.isShared) return;
    this.holds.delete(id);
    hold.reservation.buckets.forEach(({ key }, index) => {
      this.#give(key, hold.charged[index] ?? 0n);
    });
  }

  remaining(key: string, capacity: number): number {
    const left = this.#cost(capacity) - this.#usedOf(key);
    // Division of a BigInt rounds towards zero.
    return Number(left >= 0n ? left / minute : -((-left + minute - 1n) / minute));
  }

  #endIfAccounted(id: string): void {
    const hold = this.holds.get(id);
    if (hold?.awaited === undefined || hold.accounts.length < hold.awaited) return;
    this.#end(id, hold, sumOf(hold.accounts));
  }

  #end(id: string, hold: ModelHold, tokens: number | undefined): void {
    this.holds.delete(id);
    hold.reservation.buckets.forEach(({ key, correctable }, index) => {
      if (!correctable || tokens === undefined) return;
      this.#give(key, (hold.charged[index] ?? 0n) - this.#cost(tokens));
    });
  }

  #usedOf(key: string): bigint {
    return this.used.get(key) ?? 0n;
  }

  #cost(tokens: number): bigint {
    return BigInt(tokens) * minute;
  }

  #give(key: string, units: bigint): void {
    this.used.set(key, largest(0n, this.#usedOf(key) - units));
  }
}
