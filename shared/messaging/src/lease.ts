import { type KV, Kvm } from '@nats-io/kv';
import { buckets } from '@weir/contracts';
import { withDeadline } from './deadline.ts';
import type { NatsBus } from './nats-bus.ts';

export interface LeaseOptions {
  readonly bus: NatsBus;
  /** What one replica alone should do; a key of bucket `weir_leases`. */
  readonly name: string;
  /** Who asks; unique. */
  readonly holder: string;
  readonly replicas: number;
  /** A holder that was not heard of for this long is succeeded. Default 5,000. */
  readonly leaseMs?: number;
}

export interface Lease {
  /** Waits, for as long as it takes, until it is ours, or until the signal is aborted. Never rejects. */
  acquire(signal: AbortSignal): Promise<'acquired' | 'aborted'>;
  /** Resolves when it is ours no longer: somebody took it, or it could not be renewed in time. */
  readonly lost: Promise<void>;
  readonly held: boolean;
  /** Why it cannot be asked for at the moment. Undefined: nothing is wrong. */
  readonly problem: string | undefined;
  /** Lets others have it at once. */
  release(): Promise<void>;
}

const defaultLeaseMs = 5_000;
/** Renewals and looks within one lease time. */
const renewals = 5;
const nobody = '';

interface Seen {
  readonly revision: number;
  readonly holder: string;
  /** By our own clock: when this revision was seen first. */
  readonly since: number;
}

const pause = (pauseMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, pauseMs);
    signal.addEventListener('abort', done);
  });

/**
 * Compares no clocks: whoever waits measures for how long the revision did not move. A lease only spares work.
 * Two may believe for a moment that they hold it, so what must not happen twice needs a guard of its own.
 */
class KeyValueLease implements Lease {
  #options: LeaseOptions;
  #leaseMs: number;
  #revision = 0;
  #seen: Seen | undefined;
  #held = false;
  #lost = Promise.withResolvers<void>();
  #ending = new AbortController();
  #renewing: Promise<void> | undefined;
  #opened: KV | undefined;
  problem: string | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? defaultLeaseMs;
  }

  get held(): boolean {
    return this.#held;
  }

  get lost(): Promise<void> {
    return this.#lost.promise;
  }

  async acquire(signal: AbortSignal): Promise<'acquired' | 'aborted'> {
    while (!signal.aborted) {
      const revision = await this.#inTime(this.#tryToTake()).catch((error: unknown) => {
        this.problem = String(error);
        return undefined;
      });
      if (revision !== undefined) {
        this.#hold(revision);
        return 'acquired';
      }
      await pause(this.#leaseMs / renewals, signal);
    }
    return 'aborted';
  }

  async release(): Promise<void> {
    if (!this.#held) return;
    this.#lose();
    await this.#renewing;
    const bucket = await this.#bucket();
    // It may have been taken meanwhile, and then it is not ours to give away.
    await bucket.update(this.#options.name, nobody, this.#revision).catch(() => undefined);
  }

  async #tryToTake(): Promise<number | undefined> {
    const { name, holder } = this.#options;
    const bucket = await this.#bucket();
    const entry = await bucket.get(name);
    this.problem = undefined;
    if (!entry) return bucket.create(name, holder);
    const now = performance.now();
    const current = entry.operation === 'PUT' ? entry.string() : nobody;
    if (this.#seen?.revision !== entry.revision) {
      this.#seen = { revision: entry.revision, holder: current, since: now };
    }
    const isFree = current === nobody || current === holder || now - this.#seen.since >= this.#leaseMs;
    return isFree ? bucket.update(name, holder, entry.revision) : undefined;
  }

  #hold(revision: number): void {
    this.#revision = revision;
    this.#held = true;
    this.#lost = Promise.withResolvers<void>();
    this.#ending = new AbortController();
    this.#renewing = this.#renew(this.#ending.signal);
  }

  #lose(): void {
    this.#held = false;
    this.#ending.abort();
    this.#lost.resolve();
  }

  /** A renewal that fails may have been stored, so a conflict is only believed when somebody else's name is there. */
  async #renew(signal: AbortSignal): Promise<void> {
    let renewedAt = performance.now();
    while (!signal.aborted) {
      await pause(this.#leaseMs / renewals, signal);
      if (signal.aborted) return;
      const askedAt = performance.now();
      if (await this.#inTime(this.#renewOnce()).catch(() => false)) renewedAt = askedAt;
      // Earlier than anybody else may take it.
      if (performance.now() - renewedAt >= this.#leaseMs * 0.8) return this.#lose();
    }
  }

  async #renewOnce(): Promise<boolean> {
    const { name, holder } = this.#options;
    const bucket = await this.#bucket();
    try {
      this.#revision = await bucket.update(name, holder, this.#revision);
      return true;
    } catch (error) {
      const entry = await bucket.get(name);
      if (entry?.string() !== holder) {
        this.#lose();
        throw error;
      }
      this.#revision = entry.revision;
      return false;
    }
  }

  /** A call that hangs must not make us believe for longer that it is ours. */
  #inTime<Value>(work: Promise<Value>): Promise<Value> {
    return withDeadline(work, this.#leaseMs / renewals, `lease ${this.#options.name}`);
  }

  async #bucket(): Promise<KV> {
    const { bus, replicas } = this.#options;
    this.#opened ??= await new Kvm(bus.connection).create(buckets.leases, { history: 1, replicas });
    return this.#opened;
  }
}

export const createLease = (options: LeaseOptions): Lease => new KeyValueLease(options);
