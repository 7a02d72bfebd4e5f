/**
 * Two 32-bit lanes of a text hash. Folding `ab` equals folding `a`, then `b`, so the same state serves as the
 * chain hash of KV blocks.
 */
export interface HashState {
  readonly first: number;
  readonly second: number;
}

export const emptyHash: HashState = { first: 0xdeadbeef, second: 0x41c6ce57 };

export const foldText = (state: HashState, text: string): HashState => {
  let { first, second } = state;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    first = Math.imul(first ^ unit, 2654435761);
    second = Math.imul(second ^ unit, 1597334677);
  }
  return { first, second };
};

/** Mixes the lanes into one integer of 53 bits. The finish of cyrb53: multiplication alone never moves bits downwards. */
export const finishHash = ({ first, second }: HashState): number => {
  let high = Math.imul(first ^ (first >>> 16), 2246822507) ^ Math.imul(second ^ (second >>> 13), 3266489909);
  const low = Math.imul(second ^ (second >>> 16), 2246822507) ^ Math.imul(first ^ (first >>> 13), 3266489909);
  high = Math.imul(high ^ (high >>> 15), 2246822519);
  return 4294967296 * (high & 0x1fffff) + (low >>> 0);
};

/** Draws from [0, 1). */
export type Random = () => number;

/** Mulberry32: small, fast, and the same on every machine. Not for secrets. */
export const createRandom = (seed: number): Random => {
  let state = (seed ^ Math.floor(seed / 4294967296)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};

export const drawInteger = (random: Random, below: number): number => Math.floor(random() * below);

/** Standard normal, by Box and Muller. */
export const drawNormal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

export const drawHex = (random: Random, length: number): string => {
  let text = '';
  while (text.length < length) {
    text += drawInteger(random, 4294967296).toString(16).padStart(8, '0');
  }
  return text.slice(0, length);
};
