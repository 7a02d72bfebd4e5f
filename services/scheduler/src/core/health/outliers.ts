import type { OutlierDetectionConfig } from '@weir/contracts';

interface Target {
  ejectedUntil: number;
  /** Ejections in a row; one less for each interval without. */
  times: number;
  /** Intervals in a row at which it was slow. */
  slowFor: number;
}

/** What is known of the targets of a pool, by name, when latencies are compared. */
export type FirstByteTimes = ReadonlyMap<string, number | undefined>;

/** So many intervals in a row until a slow target is passed over, and until it is left out. */
const slowUntilPenalty = 3;
const slowUntilEjection = 6;
/** Fewer have no median that says anything. */
const leastCompared = 3;
const mostTimes = 10;
const slowPenalty = 2;

const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((left, right) => left - right);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
};

/** Which targets of one pool are left out because they do worse than the others. A machine: times are passed in. */
export class Outliers {
  readonly #targets = new Map<string, Target>();
  #comparedAt = Number.NEGATIVE_INFINITY;

  /** Whether a target is left out. */
  isEjected(target: string, now: number): boolean {
    return (this.#targets.get(target)?.ejectedUntil ?? 0) > now;
  }

  ejectedUntil(target: string): number {
    return this.#targets.get(target)?.ejectedUntil ?? 0;
  }

  /** By how much the cost of a target is raised. */
  penaltyOf(target: string): number {
    return (this.#targets.get(target)?.slowFor ?? 0) >= slowUntilPenalty ? slowPenalty : 1;
  }

  /** A target has failed so many times in a row; `size`: targets of the pool. */
  failed(target: string, inRow: number, size: number, now: number, config: OutlierDetectionConfig): void {
    if (inRow >= config.consecutiveErrors) this.#eject(target, size, now, config);
  }

  isDue(now: number, { intervalMs }: OutlierDetectionConfig): boolean {
    return now - this.#comparedAt >= intervalMs;
  }

  /** Compares latencies. Call it each interval. */
  compare(times: FirstByteTimes, now: number, config: OutlierDetectionConfig): void {
    this.#comparedAt = now;
    const known = [...times.values()].filter((time) => time !== undefined);
    const median = medianOf(known);
    for (const [name, time] of times) {
      const target = this.#targetOf(name);
      if (target.ejectedUntil <= now && target.times > 0) target.times -= 1;
      if (config.latencyFactor === undefined || known.length < leastCompared) continue;
      const isSlow = time !== undefined && time > config.latencyFactor * median;
      target.slowFor = isSlow ? target.slowFor + 1 : 0;
      if (target.slowFor >= slowUntilEjection) this.#eject(name, times.size, now, config);
    }
    for (const name of this.#targets.keys()) if (!times.has(name)) this.#targets.delete(name);
  }

  /** Not more than a share of the pool, and never all of it. */
  #eject(name: string, size: number, now: number, config: OutlierDetectionConfig): void {
    if (this.isEjected(name, now)) return;
    const most = Math.min(size - 1, Math.max(1, Math.floor((size * config.maxEjectionPercent) / 100)));
    let ejected = 0;
    for (const { ejectedUntil } of this.#targets.values()) if (ejectedUntil > now) ejected += 1;
    if (ejected >= most) return;
    const target = this.#targetOf(name);
    target.times = Math.min(mostTimes, target.times + 1);
    target.ejectedUntil = now + config.baseEjectionMs * target.times;
    target.slowFor = 0;
  }

  #targetOf(name: string): Target {
    const known = this.#targets.get(name);
    if (known) return known;
    const target = { ejectedUntil: 0, times: 0, slowFor: 0 };
    this.#targets.set(name, target);
    return target;
  }
}
