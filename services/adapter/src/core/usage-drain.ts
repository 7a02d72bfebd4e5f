import type { DrainLimit } from './drain-limit.ts';

/** One answer that is read on for its usage although nobody waits for it. A machine. */
export class UsageDrain {
  readonly #limit: Pick<DrainLimit, 'begin' | 'end'>;
  readonly #longestMs: number;
  #since: number | undefined;

  constructor(limit: Pick<DrainLimit, 'begin' | 'end'>, longestMs: number) {
    this.#limit = limit;
    this.#longestMs = longestMs;
  }

  get isOn(): boolean {
    return this.#since !== undefined;
  }

  /** False when as many as may be are read on by now. */
  begin(now: number): boolean {
    if (!this.#limit.begin()) return false;
    this.#since = now;
    return true;
  }

  /** It has taken as long as it may. */
  isOver(now: number): boolean {
    return this.#since !== undefined && now - this.#since > this.#longestMs;
  }

  /** Call it once, when the attempt is over. */
  end(): void {
    if (this.isOn) this.#limit.end();
  }
}
