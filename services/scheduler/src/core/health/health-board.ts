import type { LoadReport, TargetHealth, UpstreamConfig } from '@weir/contracts';
import { Circuit, type CircuitState } from './circuit.ts';
import { Outliers } from './outliers.ts';

export const refusals = ['circuit_open', 'probing', 'ejected', 'unhealthy'] as const;

/** Why nothing is sent to a place. */
export type HealthRefusal = (typeof refusals)[number];

/** Where there is nothing better, such a place is used all the same. An open circuit protects who is behind it. */
export const isForgivable = (reason: HealthRefusal): boolean =>
  reason === 'ejected' || reason === 'unhealthy';

export type HealthVerdict =
  | {
      readonly outcome: 'admitted';
      /** Factor of its cost; 1: none. */
      readonly penalty: number;
    }
  | {
      readonly outcome: 'refused';
      readonly reason: HealthRefusal;
      /** Milliseconds since the epoch at which it may be another verdict. Undefined: not known. */
      readonly until: number | undefined;
    };

/** A target as one adapter instance reaches it. */
export interface HealthPlace {
  readonly instance: string;
  readonly target: string;
}

export interface HealthDetail {
  readonly place: HealthPlace;
  readonly health: TargetHealth | undefined;
  readonly circuit: CircuitState;
  readonly verdict: HealthVerdict;
}

/**
 * What schedulers make of what adapters report of their targets: circuits, outliers and checks, as one verdict for each
 * place. All schedulers hear the same reports, so they come to the same verdicts. A machine: times are passed in.
 */
export interface HealthBoard {
  observe(report: LoadReport, upstream: UpstreamConfig, now: number): void;
  verdict(pool: string, place: HealthPlace, now: number): HealthVerdict;
  /** A request goes there: it may be a probe. */
  sent(pool: string, place: HealthPlace, now: number): void;
  /** Everything that is known of what was heard of in the last minute, for people. */
  details(pool: string, now: number): readonly HealthDetail[];
  /** The same of every pool that is watched. */
  all(now: number): Iterable<readonly [pool: string, details: readonly HealthDetail[]]>;
}

interface Watched {
  readonly instance: string;
  readonly target: string;
  epoch: number;
  health: TargetHealth | undefined;
  firstByteMs: number | undefined;
  readonly circuit: Circuit;
  seenAt: number;
}

interface Pool {
  upstream: UpstreamConfig;
  readonly watched: Map<string, Watched>;
  readonly outliers: Outliers;
  sweepAt: number;
}

const admitted: HealthVerdict = { outcome: 'admitted', penalty: 1 };
const sweepEachMs = 10_000;
const forgetAfterMs = 60_000;

const isAsked = ({ healthCheck, circuitBreaker, outlierDetection }: UpstreamConfig): boolean =>
  healthCheck !== undefined || circuitBreaker !== undefined || outlierDetection !== undefined;

const keyOf = ({ instance, target }: HealthPlace): string => `${instance}/${target}`;

class Board implements HealthBoard {
  readonly #random: () => number;
  readonly #pools = new Map<string, Pool>();

  constructor(random: () => number) {
    this.#random = random;
  }

  observe(report: LoadReport, upstream: UpstreamConfig, now: number): void {
    if (!isAsked(upstream)) {
      this.#pools.delete(report.pool);
      return;
    }
    const pool = this.#poolOf(report.pool, upstream);
    for (const { target, health, firstByteMs } of report.targets) {
      const watched = this.#watch(pool, { instance: report.instance, target });
      watched.seenAt = now;
      watched.firstByteMs = firstByteMs;
      if (health) this.#note(pool, watched, health, report.epoch, now);
    }
    this.#compare(pool, now);
    if (now >= pool.sweepAt) this.#sweep(pool, now);
  }

  verdict(poolName: string, place: HealthPlace, now: number): HealthVerdict {
    const pool = this.#pools.get(poolName);
    const watched = pool?.watched.get(keyOf(place));
    if (!pool || !watched) return admitted;
    const { circuitBreaker, healthCheck } = pool.upstream;
    const { circuit } = watched;
    if (circuitBreaker && !circuit.admits(now, circuitBreaker)) {
      const isOpen = circuit.state(now) === 'open';
      return {
        outcome: 'refused',
        reason: isOpen ? 'circuit_open' : 'probing',
        until: isOpen ? circuit.openUntil : undefined,
      };
    }
    if (healthCheck && watched.health?.check === 'unhealthy') {
      return { outcome: 'refused', reason: 'unhealthy', until: undefined };
    }
    if (pool.outliers.isEjected(place.target, now)) {
      return { outcome: 'refused', reason: 'ejected', until: pool.outliers.ejectedUntil(place.target) };
    }
    const penalty = pool.outliers.penaltyOf(place.target);
    return penalty === 1 ? admitted : { outcome: 'admitted', penalty };
  }

  sent(poolName: string, place: HealthPlace, now: number): void {
    const pool = this.#pools.get(poolName);
    if (pool?.upstream.circuitBreaker) pool.watched.get(keyOf(place))?.circuit.sent(now);
  }

  details(poolName: string, now: number): readonly HealthDetail[] {
    const watched = [...(this.#pools.get(poolName)?.watched.values() ?? [])];
    const known = watched.filter(({ seenAt }) => now - seenAt <= forgetAfterMs);
    return known.map(({ instance, target, health, circuit }) => ({
      place: { instance, target },
      health,
      circuit: circuit.state(now),
      verdict: this.verdict(poolName, { instance, target }, now),
    }));
  }

  *all(now: number): Iterable<readonly [string, readonly HealthDetail[]]> {
    for (const pool of this.#pools.keys()) {
      const details = this.details(pool, now);
      if (details.length > 0) yield [pool, details];
    }
  }

  #note(pool: Pool, watched: Watched, health: TargetHealth, epoch: number, now: number): void {
    // Of a new life, or one that we have not seen before, the row of failures alone says something.
    const before = watched.epoch === epoch ? watched.health : undefined;
    const news = {
      succeeded: before ? health.succeeded - before.succeeded : 0,
      failed: before ? health.failed - before.failed : Math.min(1, health.consecutiveFailures),
      consecutiveFailures: health.consecutiveFailures,
    };
    watched.epoch = epoch;
    watched.health = health;
    const { circuitBreaker, outlierDetection, targets } = pool.upstream;
    if (circuitBreaker) watched.circuit.observe(news, now, circuitBreaker);
    if (outlierDetection && news.failed > 0) {
      const { target } = watched;
      pool.outliers.failed(target, health.consecutiveFailures, targets.length, now, outlierDetection);
    }
  }

  #compare({ upstream: { outlierDetection, targets }, watched, outliers }: Pool, now: number): void {
    if (!outlierDetection || !outliers.isDue(now, outlierDetection)) return;
    const times = new Map<string, number | undefined>(targets.map(({ name }) => [name, undefined]));
    // The best that any instance sees: what they see worse is between them and the target.
    for (const { target, firstByteMs } of watched.values()) {
      if (firstByteMs === undefined || !times.has(target)) continue;
      times.set(target, Math.min(times.get(target) ?? firstByteMs, firstByteMs));
    }
    outliers.compare(times, now, outlierDetection);
  }

  #poolOf(name: string, upstream: UpstreamConfig): Pool {
    const known = this.#pools.get(name);
    if (known) {
      known.upstream = upstream;
      return known;
    }
    const pool: Pool = { upstream, watched: new Map(), outliers: new Outliers(), sweepAt: 0 };
    this.#pools.set(name, pool);
    return pool;
  }

  #watch({ watched }: Pool, place: HealthPlace): Watched {
    const key = keyOf(place);
    const known = watched.get(key);
    if (known) return known;
    const fresh: Watched = {
      ...place,
      epoch: 0,
      health: undefined,
      firstByteMs: undefined,
      circuit: new Circuit(this.#random),
      seenAt: 0,
    };
    watched.set(key, fresh);
    return fresh;
  }

  #sweep(pool: Pool, now: number): void {
    pool.sweepAt = now + sweepEachMs;
    for (const [key, { seenAt }] of pool.watched) {
      if (now - seenAt > forgetAfterMs) pool.watched.delete(key);
    }
  }
}

export const createHealthBoard = (random: () => number): HealthBoard => new Board(random);
