/** Runs one piece of work after the other. */
export interface Turns {
  take<Value>(work: () => Promise<Value>): Promise<Value>;
  /** Pieces that wait or run. */
  readonly waiting: number;
}

export const createTurns = (): Turns => {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    take: (work) => {
      waiting += 1;
      const done = last.then(work).finally(() => {
        waiting -= 1;
      });
      // One that fails holds up nobody behind it.
      last = done.catch(() => undefined);
      return done;
    },
    get waiting() {
      return waiting;
    },
  };
};
