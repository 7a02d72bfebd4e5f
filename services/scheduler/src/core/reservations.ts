/** An attempt that was sent and that no report has shown yet. */
export interface Reservation {
  /** Number that the scheduler which sent it gave it. */
  readonly dispatch: number;
  readonly target: string;
  /** Input tokens. */
  readonly tokens: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** More than one scheduler sends to one adapter within the life of a reservation. */
const maxEntries = 16_384;

/**
 * The reservations of one scheduler in order of dispatch. All live equally long, so they expire in the same order, and
 * what a report covers and what has expired are both at the front.
 */
export class Reservations {
  #entries: Reservation[] = [];
  #highest = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** False when it is known already, or covered, or one too many: then it does not count. */
  add(reservation: Reservation): boolean {
    if (reservation.dispatch <= this.#highest || this.#entries.length >= maxEntries) return false;
    this.#highest = reservation.dispatch;
    this.#entries.push(reservation);
    return true;
  }

  isAnyExpired(now: number): boolean {
    const first = this.#entries[0];
    return first !== undefined && first.expiresAt <= now;
  }

  /** Takes off what the watermark covers and what has expired. What the watermark covers can not come any more. */
  settle(watermark: number, now: number): readonly Reservation[] {
    this.#highest = Math.max(this.#highest, watermark);
    const keep = this.#entries.findIndex(
      ({ dispatch, expiresAt }) => dispatch > watermark && expiresAt > now,
    );
    return this.#entries.splice(0, keep < 0 ? this.#entries.length : keep);
  }

  all(): readonly Reservation[] {
    return this.#entries;
  }
}
