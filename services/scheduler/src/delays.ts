/** Work that waits for its time. Bounded, and never forgotten: at the end all of it runs at once. */
export interface Delays {
  readonly size: number;
  /** Returns false, and does nothing, when too much waits already. */
  add(delayMs: number, run: () => void): boolean;
  /** Runs everything now, and everything that is added from here on. */
  flush(): void;
}

export const createDelays = (limit: number): Delays => {
  const waiting = new Map<NodeJS.Timeout, () => void>();
  let isFlushed = false;
  return {
    get size() {
      return waiting.size;
    },
    add: (delayMs, run) => {
      if (isFlushed) {
        run();
        return true;
      }
      if (waiting.size >= limit) return false;
      const timer = setTimeout(() => {
        waiting.delete(timer);
        run();
      }, delayMs);
      waiting.set(timer, run);
      return true;
    },
    flush: () => {
      isFlushed = true;
      for (const [timer, run] of waiting) {
        clearTimeout(timer);
        run();
      }
      waiting.clear();
    },
  };
};
