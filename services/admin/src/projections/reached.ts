/** How far a projection has come, for those who wait until it has. */
export interface Reached {
  /** -1: nothing was looked at yet. */
  readonly position: number;
  advance(position: number): void;
  /** False when it has not come so far within the time. */
  until(position: number, timeoutMs: number): Promise<boolean>;
}

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
}

export const createReached = (): Reached => {
  const waiters = new Set<Waiter>();
  let reached = -1;
  return {
    get position() {
      return reached;
    },
    advance: (position) => {
      reached = Math.max(reached, position);
      for (const waiter of waiters) if (waiter.position <= reached) waiter.resolve();
    },
    until: (position, timeoutMs) =>
      new Promise((resolve) => {
        if (position <= reached) return resolve(true);
        const settle = (isThere: boolean): void => {
          clearTimeout(timer);
          waiters.delete(waiter);
          resolve(isThere);
        };
        const waiter: Waiter = { position, resolve: () => settle(true) };
        const timer = setTimeout(() => settle(false), timeoutMs);
        waiters.add(waiter);
      }),
  };
};
