const windowMs = 5_000;
const maxKept = 4_096;
const shortestMs = 1_000;
const longestMs = 60_000;

/** How fast a queue moves, and so how long one who comes later would wait. A machine. */
export class DrainRate {
  /** When requests were served, oldest first. */
  #served: number[] = [];

  note(now: number): void {
    this.#served.push(now);
    if (this.#served.length > maxKept) this.#served.splice(0, maxKept / 2);
  }

  /** Milliseconds until so many will have been served, between a second and a minute. A second while it is not known. */
  waitMs(ahead: number, now: number): number {
    const from = this.#served.findIndex((at) => now - at <= windowMs);
    if (from < 0) {
      this.#served = [];
      return shortestMs;
    }
    this.#served.splice(0, from);
    const [first = now] = this.#served;
    // A queue that has only just begun to move has not been watched for long.
    const perMs = this.#served.length / Math.max(shortestMs, now - first);
    return Math.round(Math.min(longestMs, Math.max(shortestMs, ahead / perMs)));
  }
}
