import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createByteSplitter } from './split-bytes.ts';

it('splits bytes without losing, adding or reordering any', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.uint8Array({ maxLength: 300 })), (seed, writes) => {
      const splitter = createByteSplitter(seed);
      const pieces = [...writes.flatMap((bytes) => splitter.push(bytes)), ...splitter.flush()];
      expect(pieces.flatMap((piece) => [...piece])).toEqual(writes.flatMap((bytes) => [...bytes]));
      expect(pieces.every((piece) => piece.length > 0)).toBe(true);
    }),
  );
});

it('cuts inside characters and across writes', () => {
  const splitter = createByteSplitter(4);
  const write = new TextEncoder().encode('🦀'.repeat(50));
  const pieces = [...splitter.push(write), ...splitter.push(write), ...splitter.flush()];
  expect(pieces.some((piece) => piece.length % 4 !== 0)).toBe(true);
  expect(pieces.map((piece) => piece.length).reduce((sum, length) => sum + length, 0)).toBe(400);
});
