import type { LoadReport, TargetLoad, TargetQuota } from '@weir/contracts';

interface TargetState {
  pendingTokens: number;
  running: number;
  quota?: TargetQuota;
}

/** What one attempt weighs on its target. */
export interface LoadTicket {
  /** The first byte came: its prompt is no longer pending. Idempotent. */
  firstByte(): void;
  /** The attempt is over. Idempotent. */
  release(): void;
}

/** Counts what runs where, and says so in load reports. A machine: no clock, no I/O. */
export interface LoadTracker {
  take(input: {
    readonly pool: string;
    readonly target: string;
    readonly tokens: number;
    readonly scheduler: string;
    readonly dispatch: number;
  }): LoadTicket;
  running(pool: string, target: string): number;
  /** What the target's provider says of its limits now. */
  learn(pool: string, target: string, quota: TargetQuota): void;
  /** A dispatch has arrived, taken or not: its scheduler need not reserve for it any longer. */
  seen(scheduler: string, dispatch: number): void;
  readonly total: number;
  report(pool: string, targets: readonly string[], state: LoadReport['state']): LoadReport;
}

interface LoadTrackerOptions {
  readonly instance: string;
  readonly epoch: number;
  /** Attempts that this instance will run at once at most. */
  readonly capacity: number;
  /** Called when a target of a pool has more room than before. */
  readonly onFreed?: (pool: string) => void;
}

/** Schedulers whose watermarks are kept; the longest unheard one goes first. */
const maxSchedulers = 256;

class Tracker implements LoadTracker {
  total = 0;
  #options: LoadTrackerOptions;
  #targets = new Map<string, TargetState>();
  #watermarks = new Map<string, number>();
  #sequence = 0;

  constructor(options: LoadTrackerOptions) {
    this.#options = options;
  }

  take(input: Parameters<LoadTracker['take']>[0]): LoadTicket {
    const state = this.#state(input.pool, input.target);
    this.#mark(input.scheduler, input.dispatch);
    state.running += 1;
    state.pendingTokens += input.tokens;
    this.total += 1;
    let pending = true;
    let held = true;
    const { onFreed } = this.#options;
    const firstByte = () => {
      if (!pending) return;
      pending = false;
      state.pendingTokens -= input.tokens;
      onFreed?.(input.pool);
    };
    const release = () => {
      firstByte();
      if (!held) return;
      held = false;
      state.running -= 1;
      this.total -= 1;
      onFreed?.(input.pool);
    };
    return { firstByte, release };
  }

  seen(scheduler: string, dispatch: number): void {
    this.#mark(scheduler, dispatch);
  }

  running(pool: string, target: string): number {
    return this.#targets.get(`${pool}/${target}`)?.running ?? 0;
  }

  learn(pool: string, target: string, quota: TargetQuota): void {
    this.#state(pool, target).quota = quota;
  }

  report(pool: string, targets: readonly string[], state: LoadReport['state']): LoadReport {
    this.#sequence += 1;
    const { instance, epoch, capacity } = this.#options;
    const loads = targets.map((target): TargetLoad => {
      const { pendingTokens, running, quota } = this.#state(pool, target);
      return { target, pendingTokens, running, capacity, ...(quota ? { quota } : {}) };
    });
    const watermarks = Object.fromEntries(this.#watermarks);
    return { v: 1, pool, instance, epoch, sequence: this.#sequence, state, targets: loads, watermarks };
  }

  #state(pool: string, target: string): TargetState {
    const key = `${pool}/${target}`;
    const known = this.#targets.get(key);
    if (known) return known;
    const state = { pendingTokens: 0, running: 0 };
    this.#targets.set(key, state);
    return state;
  }

  /** Messages of one scheduler to one instance arrive in order, so the highest number covers all below it. */
  #mark(scheduler: string, dispatch: number): void {
    const highest = Math.max(dispatch, this.#watermarks.get(scheduler) ?? 0);
    this.#watermarks.delete(scheduler);
    this.#watermarks.set(scheduler, highest);
    if (this.#watermarks.size <= maxSchedulers) return;
    const [oldest] = this.#watermarks.keys();
    if (oldest !== undefined) this.#watermarks.delete(oldest);
  }
}

export const createLoadTracker = (options: LoadTrackerOptions): LoadTracker => new Tracker(options);
