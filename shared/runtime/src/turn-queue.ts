/** Work that can wait: some of it in each turn of the event loop, so that what cannot wait comes in between. */
export interface TurnQueue {
  readonly size: number;
  /** What the work throws goes to `onError`; the rest goes on. */
  add(work: () => void): void;
}

export const createTurnQueue = (options: {
  readonly perTurn: number;
  readonly onError: (error: unknown) => void;
}): TurnQueue => {
  const waiting: (() => void)[] = [];
  const turn = (): void => {
    for (const work of waiting.splice(0, options.perTurn)) {
      try {
        work();
      } catch (error) {
        options.onError(error);
      }
    }
    if (waiting.length > 0) setImmediate(turn);
  };
  return {
    get size() {
      return waiting.length;
    },
    add: (work) => {
      waiting.push(work);
      if (waiting.length === 1) setImmediate(turn);
    },
  };
};
