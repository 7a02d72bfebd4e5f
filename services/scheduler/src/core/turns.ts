/** Whose turn it is, for round-robin: counts from 0 for each pool. There are as many pools as upstreams. */
export interface Turns {
  next(pool: string): number;
}

export const createTurns = (): Turns => {
  const turns = new Map<string, number>();
  return {
    next: (pool) => {
      const turn = turns.get(pool) ?? 0;
      turns.set(pool, turn + 1);
      return turn;
    },
  };
};
