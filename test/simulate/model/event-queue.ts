interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: what is due first runs first, and of what is due at once the first that was asked for. */
export interface EventQueue {
  /** Milliseconds since the start, with fractions. */
  readonly now: number;
  /** Runs at a time, or now when that is over. */
  at(time: number, run: () => void): void;
  after(delayMs: number, run: () => void): void;
  /** Runs everything, also what is added meanwhile. */
  runAll(): void;
}

const comesBefore = (left: Event, right: Event): boolean =>
  left.at === right.at ? left.order < right.order : left.at < right.at;

/** A binary heap. */
class Queue implements EventQueue {
  now = 0;
  #heap: Event[] = [];
  #order = 0;

  at(time: number, run: () => void): void {
    this.#order += 1;
    this.#push({ at: Math.max(time, this.now), order: this.#order, run });
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.now + delayMs, run);
  }

  runAll(): void {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      this.now = event.at;
      event.run();
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(event);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !comesBefore(event, parent)) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      const left = heap[2 * place + 1];
      const right = heap[2 * place + 2];
      const isRight = left !== undefined && right !== undefined && comesBefore(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !comesBefore(child, last)) break;
      heap[place] = child;
      place = 2 * place + (isRight ? 2 : 1);
    }
    heap[place] = last;
    return first;
  }
}

export const createEventQueue = (): EventQueue => new Queue();
