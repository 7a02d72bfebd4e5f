import type { GossipedReservation, LoadReport } from '@weir/contracts';
import type { Host, Place } from './place.ts';
import { PoolMember, staleAfterMs } from './pool-member.ts';

export interface Booking {
  readonly pool: string;
  readonly instance: string;
  readonly target: string;
  /** Input tokens. */
  readonly tokens: number;
}

/**
 * A scheduler's picture of all pools: what adapters report, plus the attempts that no report shows yet, its own and
 * those that other schedulers tell of.
 * A machine: times are passed in, milliseconds since the epoch.
 */
export interface PoolView {
  /** Returns false when the report is older than what is known. */
  apply(report: LoadReport, now: number): boolean;
  /** Counts an attempt as load of its place, and returns its dispatch number: 1, 2, … for each instance. */
  reserve(booking: Booking, now: number): number;
  /** Counts an attempt that another scheduler has sent. One that is known, or of an instance that is not, is ignored. */
  hear(scheduler: string, reservation: GossipedReservation, now: number): void;
  /** The instance does not answer. It is back with its next report. */
  gone(instance: string): void;
  /**
   * Every place of a pool whose instance has reported within the last second. When no instance of any pool has, it is our
   * own link that is to blame: then those that did before, for a while.
   */
  view(pool: string, now: number): readonly Place[];
  /** False when too many candidates of a pool report late to tell its best target from the next best. */
  isCurrent(pool: string, now: number): boolean;
  /** Pools of which our own link, by all appearance, lets no reports through. */
  unheard(now: number): readonly string[];
}

/** An adapter instance, over all pools. Dispatch numbers go on over gaps in its reports, as its watermarks do. */
interface Instance {
  readonly epoch: number;
  readonly host: Host;
  dispatched: number;
  reportedAt: number;
}

const sweepEachMs = 1_000;
const forgetAfterMs = 60_000;
/** Without any report for longer than this, nothing is known. */
const trustSilentForMs = 30_000;
const maxLateShare = 0.3;
/** Long enough for the reports of all that were there before us. */
const joinMs = 2_000;

class View implements PoolView {
  readonly #self: string;
  readonly #isNearby: (instance: string) => boolean;
  #pools = new Map<string, Map<string, PoolMember>>();
  #instances = new Map<string, Instance>();
  #sweepAt = 0;
  #heardAt = 0;
  /** Who is heard of until then is not new: we are. */
  #joinedAt = 0;

  constructor(self: string, isNearby: (instance: string) => boolean) {
    this.#self = self;
    this.#isNearby = isNearby;
  }

  apply(report: LoadReport, now: number): boolean {
    // After a silence of all of them, the others have a second to be heard again, too.
    if (this.#isDeaf(now)) {
      this.#sweepAt = now + sweepEachMs;
      this.#joinedAt = now + joinMs;
    }
    this.#heardAt = now;
    if (now >= this.#sweepAt) this.#sweep(now);
    const instance = this.#instanceOf(report, now);
    const members = this.#pools.get(report.pool) ?? new Map<string, PoolMember>();
    this.#pools.set(report.pool, members);
    const member = members.get(report.instance) ?? new PoolMember(report.instance, instance.host);
    members.set(report.instance, member);
    const isNews = member.apply(report, now);
    if (isNews) instance.reportedAt = now;
    return isNews;
  }

  reserve({ pool, instance, target, tokens }: Booking, now: number): number {
    const known = this.#instances.get(instance);
    if (!known) throw new Error(`nothing is known of instance ${instance}`);
    known.dispatched += 1;
    const booking = { target, tokens, dispatch: known.dispatched };
    this.#pools.get(pool)?.get(instance)?.reserve(this.#self, booking, now);
    return known.dispatched;
  }

  hear(scheduler: string, { pool, instance, ...booking }: GossipedReservation, now: number): void {
    this.#pools.get(pool)?.get(instance)?.reserve(scheduler, booking, now);
  }

  gone(instance: string): void {
    for (const members of this.#pools.values()) {
      members.get(instance)?.clear();
      members.delete(instance);
    }
  }

  view(pool: string, now: number): readonly Place[] {
    const places: Place[] = [];
    const trustsSilent = this.#isDeaf(now) && now - this.#heardAt <= trustSilentForMs;
    for (const member of this.#pools.get(pool)?.values() ?? []) {
      if (!trustsSilent && !member.isFresh(now)) continue;
      member.expire(now);
      for (const place of member.places) places.push(place);
    }
    return places;
  }

  isCurrent(pool: string, now: number): boolean {
    const members = this.#pools.get(pool);
    if (!members) return true;
    const isDeaf = this.#isDeaf(now);
    let candidates = 0;
    let late = 0;
    for (const member of members.values()) {
      if (!isDeaf && !member.isFresh(now)) continue;
      candidates += 1;
      if (member.isLate(now)) late += 1;
    }
    return late <= candidates * maxLateShare;
  }

  unheard(now: number): readonly string[] {
    if (!this.#isDeaf(now)) return [];
    const pools: string[] = [];
    for (const [pool, members] of this.#pools) {
      for (const { isReady } of members.values()) {
        if (!isReady) continue;
        pools.push(pool);
        break;
      }
    }
    return pools;
  }

  #isDeaf(now: number): boolean {
    return now - this.#heardAt > staleAfterMs;
  }

  #instanceOf({ instance: name, epoch }: LoadReport, now: number): Instance {
    const known = this.#instances.get(name);
    if (known?.epoch === epoch) return known;
    // What other pools reported of the instance's former life is void.
    this.gone(name);
    const host: Host = {
      running: 0,
      ...(now < this.#joinedAt ? {} : { newSince: now }),
      ...(this.#isNearby(name) ? { isNearby: true } : {}),
    };
    const instance = { epoch, host, dispatched: 0, reportedAt: now };
    this.#instances.set(name, instance);
    return instance;
  }

  /** Instances have new names after each start: those of the past would pile up. */
  #sweep(now: number): void {
    this.#sweepAt = now + sweepEachMs;
    for (const [pool, members] of this.#pools) {
      for (const [instance, member] of members) {
        if (!member.isDead(now)) continue;
        member.clear();
        members.delete(instance);
      }
      if (members.size === 0) this.#pools.delete(pool);
    }
    for (const [name, { reportedAt }] of this.#instances) {
      if (now - reportedAt > forgetAfterMs) this.#instances.delete(name);
    }
  }
}

/** `self`: our own instance, under which adapters note our dispatch numbers. `isNearby`: which share our process. */
export const createPoolView = (
  self: string,
  isNearby: (instance: string) => boolean = () => false,
): PoolView => new View(self, isNearby);
