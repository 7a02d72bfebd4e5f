import type { LoadReport } from '@weir/contracts';
import { createPlace, type Host, type LivePlace, setReported } from './place.ts';
import { type Reservation, Reservations } from './reservations.ts';

/** Long enough for twenty reports; an attempt that none of them shows never arrived. */
export const reservationLifeMs = 2_000;
/** Three reports: what is known of an instance is no longer what it is like now. */
export const lateAfterMs = 300;
/** After this long without a report an instance is given nothing new. */
export const staleAfterMs = 1_000;
/** After this long its load is not counted any more either. */
export const deadAfterMs = 3_000;
/** As many as adapters keep watermarks of. */
const maxSchedulers = 256;

/** One life of an adapter instance within one pool, as one scheduler sees it. */
export class PoolMember {
  readonly #instance: string;
  readonly #host: Host;
  #reportedAt = 0;
  #sequence = -1;
  #isReady = false;
  #watermarks: LoadReport['watermarks'] = {};
  /** By the scheduler that made them. */
  readonly #reservations = new Map<string, Reservations>();
  #places = new Map<string, LivePlace>();

  constructor(instance: string, host: Host) {
    this.#instance = instance;
    this.#host = host;
  }

  get places(): Iterable<LivePlace> {
    return this.#places.values();
  }

  /** False once it drains: then it is no wonder when it falls silent. */
  get isReady(): boolean {
    return this.#isReady;
  }

  isFresh(now: number): boolean {
    return now - this.#reportedAt <= staleAfterMs;
  }

  isLate(now: number): boolean {
    return now - this.#reportedAt > lateAfterMs;
  }

  isDead(now: number): boolean {
    return now - this.#reportedAt > deadAfterMs;
  }

  /** Returns false for a report that is older than what is known. */
  apply(report: LoadReport, now: number): boolean {
    if (report.sequence <= this.#sequence) return false;
    this.#sequence = report.sequence;
    this.#isReady = report.state === 'ready';
    this.#watermarks = report.watermarks;
    this.#reportedAt = now;
    for (const [scheduler, reservations] of this.#reservations) this.#settle(scheduler, reservations, now);
    this.#show(report);
    return true;
  }

  /** What is known already, or shown by the last report, changes nothing. */
  reserve(scheduler: string, booking: Omit<Reservation, 'expiresAt'>, now: number): void {
    if (!this.#places.has(booking.target)) return;
    const reservation = { ...booking, expiresAt: now + reservationLifeMs };
    if (this.#reservationsOf(scheduler)?.add(reservation)) this.#count(reservation, 1);
  }

  /** Gives back reservations that no report has covered in time. */
  expire(now: number): void {
    for (const [scheduler, reservations] of this.#reservations) {
      if (!reservations.isAnyExpired(now)) continue;
      for (const reservation of this.#settle(scheduler, reservations, now)) this.#count(reservation, -1);
    }
  }

  /** Takes everything off the host's count: the member is about to be forgotten. */
  clear(): void {
    for (const { running } of this.#places.values()) this.#host.running -= running;
    this.#places.clear();
  }

  #reservationsOf(scheduler: string): Reservations | undefined {
    const known = this.#reservations.get(scheduler);
    if (known || this.#reservations.size >= maxSchedulers) return known;
    const reservations = new Reservations();
    reservations.settle(this.#watermarks[scheduler] ?? 0, 0);
    this.#reservations.set(scheduler, reservations);
    return reservations;
  }

  /** Returns what was taken off. A scheduler of which nothing is left is forgotten: it may be gone. */
  #settle(scheduler: string, reservations: Reservations, now: number): readonly Reservation[] {
    const settled = reservations.settle(this.#watermarks[scheduler] ?? 0, now);
    if (reservations.size === 0) this.#reservations.delete(scheduler);
    return settled;
  }

  #show(report: LoadReport): void {
    const before = new Map(this.#places);
    this.clear();
    for (const load of report.targets) {
      const place = before.get(load.target) ?? createPlace(this.#instance, load.target, this.#host);
      setReported(place, load, this.#isReady);
      this.#host.running += place.running;
      this.#places.set(load.target, place);
    }
    for (const reservations of this.#reservations.values()) {
      for (const reservation of reservations.all()) this.#count(reservation, 1);
    }
  }

  #count({ target, tokens }: Reservation, sign: 1 | -1): void {
    const place = this.#places.get(target);
    if (!place) return;
    place.pendingTokens += sign * tokens;
    place.running += sign;
    this.#host.running += sign;
  }
}
