/** A random sequence that a seed decides: mulberry32. */
export interface SeededRandom {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [from, below). */
  between(from: number, below: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

export const createSeededRandom = (seed: number): SeededRandom => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (from: number, below: number): number => from + Math.floor(next() * (below - from));
  return {
    next,
    between,
    pick: (items) => {
      const item = items[between(0, items.length)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
  };
};
