/** Something that wants to run at times of its own. */
export interface WheelEntry {
  /** Milliseconds on the clock of the wheel. */
  dueMs: number;
  cancelled: boolean;
  /** Runs at or soon after `dueMs`; moves `dueMs` on and gives `true` to be called again. */
  run(nowMs: number): boolean;
}

/**
 * Many entries on one timer. An entry sits in the slot of its time; beyond the horizon it passes the wheel as often
 * as it takes. Inserting, firing and cancelling cost the same with any number of entries.
 */
export class TimerWheel {
  readonly #now: () => number;
  readonly #tickMs: number;
  readonly #slots: WheelEntry[][];
  #lastTick = 0;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => number, tickMs = 2, slots = 4096) {
    this.#now = now;
    this.#tickMs = tickMs;
    this.#slots = Array.from({ length: slots }, () => []);
  }

  get size(): number {
    return this.#size;
  }

  add(entry: WheelEntry): void {
    if (this.#timer === undefined) {
      this.#lastTick = this.#tickOf(this.#now());
      this.#timer = setInterval(() => this.#advance(), this.#tickMs);
    }
    this.#size += 1;
    this.#place(entry);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const slot of this.#slots) slot.length = 0;
    this.#size = 0;
  }

  #tickOf(timeMs: number): number {
    return Math.floor(timeMs / this.#tickMs);
  }

  #slotOf(tick: number): WheelEntry[] {
    return this.#slots[tick % this.#slots.length] ?? [];
  }

  #place(entry: WheelEntry): void {
    // A slot that has been passed comes round again only after the horizon.
    const tick = Math.max(this.#tickOf(entry.dueMs), this.#lastTick + 1);
    this.#slotOf(tick).push(entry);
  }

  #advance(): void {
    const nowMs = this.#now();
    const current = this.#tickOf(nowMs);
    // After a long pause of the process one round visits every slot.
    const first = Math.max(this.#lastTick + 1, current - this.#slots.length + 1);
    for (let tick = first; tick <= current; tick += 1) {
      this.#lastTick = tick;
      const slot = this.#slotOf(tick);
      if (slot.length === 0) continue;
      for (const entry of slot.splice(0)) this.#fire(entry, nowMs);
    }
    if (this.#size === 0) this.close();
  }

  #fire(entry: WheelEntry, nowMs: number): void {
    const isDue = this.#tickOf(entry.dueMs) <= this.#lastTick;
    const goesOn = !entry.cancelled && (!isDue || entry.run(nowMs));
    if (goesOn) this.#place(entry);
    else this.#size -= 1;
  }
}
