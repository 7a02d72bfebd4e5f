import { createRandom, drawInteger } from './seeded-random.ts';

/** Cuts a byte stream at random places, blind to events and characters. */
export interface ByteSplitter {
  push(bytes: Uint8Array): readonly Uint8Array[];
  /** What was kept back to be joined with the bytes that follow. */
  flush(): readonly Uint8Array[];
}

const maxPieceBytes = 48;

const join = (head: Uint8Array, tail: Uint8Array): Uint8Array => {
  const joined = new Uint8Array(head.length + tail.length);
  joined.set(head);
  joined.set(tail, head.length);
  return joined;
};

export const createByteSplitter = (seed: number): ByteSplitter => {
  const random = createRandom(seed);
  let kept: Uint8Array = new Uint8Array();
  return {
    push(bytes) {
      const pieces: Uint8Array[] = [];
      let rest = join(kept, bytes);
      for (let size = 1 + drawInteger(random, maxPieceBytes); size < rest.length; ) {
        pieces.push(rest.subarray(0, size));
        rest = rest.subarray(size);
        size = 1 + drawInteger(random, maxPieceBytes);
      }
      kept = rest;
      return pieces;
    },
    flush() {
      const last = kept;
      kept = new Uint8Array();
      return last.length === 0 ? [] : [last];
    },
  };
};
