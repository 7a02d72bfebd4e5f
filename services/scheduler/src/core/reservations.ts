/** An attempt that was sent and that no report has shown yet. */
export interface Reservation {
  readonly dispatch: number;
  readonly target: string;
  readonly tokens: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Reservations in order of dispatch. All live equally long, so they expire in the same order, and what a report
 * covers and what has expired are both at the front.
 */
export class Reservations {
  #entries: Reservation[] = [];

  get size(): number {
    return this.#entries.length;
  }

  add(reservation: Reservation): void {
    this.#entries.push(reservation);
  }

  isAnyExpired(now: number): boolean {
    const first = this.#entries[0];
    return first !== undefined && first.expiresAt <= now;
  }

  /** Takes off what the watermark covers and what has expired. */
  settle(watermark: number, now: number): readonly Reservation[] {
    const keep = this.#entries.findIndex(
      ({ dispatch, expiresAt }) => dispatch > watermark && expiresAt > now,
    );
    return this.#entries.splice(0, keep < 0 ? this.#entries.length : keep);
  }

  all(): readonly Reservation[] {
    return this.#entries;
  }
}
