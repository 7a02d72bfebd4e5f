import type { LoadReport } from '@weir/contracts';
import { createPlace, type Host, type LivePlace, setReported } from './place.ts';
import { type Reservation, Reservations } from './reservations.ts';

/** Long enough for twenty reports; an attempt that none of them shows never arrived. */
export const reservationLifeMs = 2_000;
/** After this long without a report an instance is given nothing new. */
export const staleAfterMs = 1_000;
/** After this long its load is not counted any more either. */
export const deadAfterMs = 3_000;

/** One life of an adapter instance within one pool, as one scheduler sees it. */
export class PoolMember {
  readonly #instance: string;
  readonly #host: Host;
  #reportedAt = 0;
  #sequence = -1;
  #watermark = 0;
  readonly #reservations = new Reservations();
  #places = new Map<string, LivePlace>();

  constructor(instance: string, host: Host) {
    this.#instance = instance;
    this.#host = host;
  }

  get places(): Iterable<LivePlace> {
    return this.#places.values();
  }

  isFresh(now: number): boolean {
    return now - this.#reportedAt <= staleAfterMs;
  }

  isDead(now: number): boolean {
    return now - this.#reportedAt > deadAfterMs;
  }

  /** Returns false for a report that is older than what is known. */
  apply(report: LoadReport, self: string, now: number): boolean {
    if (report.sequence <= this.#sequence) return false;
    this.#sequence = report.sequence;
    this.#watermark = report.watermarks[self] ?? 0;
    this.#reportedAt = now;
    this.#reservations.settle(this.#watermark, now);
    this.#show(report);
    return true;
  }

  reserve(booking: { target: string; tokens: number; dispatch: number }, now: number): void {
    if (!this.#places.has(booking.target)) return;
    const reservation = { ...booking, expiresAt: now + reservationLifeMs };
    this.#reservations.add(reservation);
    this.#count(reservation, 1);
  }

  /** Gives back reservations that no report has covered in time. */
  expire(now: number): void {
    if (!this.#reservations.isAnyExpired(now)) return;
    for (const reservation of this.#reservations.settle(this.#watermark, now)) this.#count(reservation, -1);
  }

  /** Takes everything off the host's count: the member is about to be forgotten. */
  clear(): void {
    for (const { running } of this.#places.values()) this.#host.running -= running;
    this.#places.clear();
  }

  #show(report: LoadReport): void {
    const isOpen = report.state === 'ready';
    const before = new Map(this.#places);
    this.clear();
    for (const load of report.targets) {
      const place = before.get(load.target) ?? createPlace(this.#instance, load.target, this.#host);
      setReported(place, load, isOpen);
      this.#host.running += place.running;
      this.#places.set(load.target, place);
    }
    for (const reservation of this.#reservations.all()) this.#count(reservation, 1);
  }

  #count({ target, tokens }: Reservation, sign: 1 | -1): void {
    const place = this.#places.get(target);
    if (!place) return;
    place.pendingTokens += sign * tokens;
    place.running += sign;
    this.#host.running += sign;
  }
}
