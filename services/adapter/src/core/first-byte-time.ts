/** How long a slow answer is remembered. */
const decayMs = 10_000;

/**
 * Time to the first byte of successful attempts, as a peak-sensitive moving average: a slower one counts in full at
 * once, faster ones and silence bring it down (Peak-EWMA, from Finagle's load balancer). So a target that was slow is
 * tried again after a while. A machine: times are passed in, milliseconds.
 */
export class FirstByteTime {
  #value: number | undefined;
  #at = 0;
  /** Attempts without an answer yet. */
  #waiting = 0;

  begin(now: number): void {
    this.#decay(now);
    this.#waiting += 1;
  }

  /** It took so long. */
  succeed(tookMs: number, now: number): void {
    this.#waiting -= 1;
    if (this.#value === undefined || tookMs > this.#value) this.#value = tookMs;
    else this.#value = tookMs + (this.#value - tookMs) * this.#kept(now);
    this.#at = now;
  }

  /** Without an answer that would say how fast the target is: a quick failure is not a quick answer. */
  leave(now: number): void {
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#at = now;
  }

  /** Whole milliseconds, at least 1. Undefined until the first success. */
  at(now: number): number | undefined {
    this.#decay(now);
    return this.#value === undefined ? undefined : Math.max(1, Math.round(this.#value));
  }

  /** Nothing is forgotten while an answer is due: it may show that the target is as slow as it was. */
  #decay(now: number): void {
    if (this.#waiting > 0) return;
    if (this.#value !== undefined) this.#value *= this.#kept(now);
    this.#at = now;
  }

  #kept(now: number): number {
    return Math.exp(-Math.max(0, now - this.#at) / decayMs);
  }
}
