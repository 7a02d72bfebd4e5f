import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBodyPieces } from './body-pieces.ts';

test('law: what comes out is what went in, whatever the sizes', () => {
  const sizes = fc.array(fc.oneof(fc.nat(20), fc.nat(3_000)), { maxLength: 300 });
  fc.assert(
    fc.property(sizes, (given) => {
      const pieces = createBodyPieces();
      const went = given.map((size, position) => Buffer.alloc(size, position + 1));
      for (const piece of went) pieces.add(piece);
      expect(pieces.bytes).toBe(given.reduce((sum, size) => sum + size, 0));
      expect(Buffer.concat(pieces.all()).equals(Buffer.concat(went))).toBe(true);
    }),
  );
});

test('single bytes do not stay pieces of their own, nor keep alive what they were read into', () => {
  const pieces = createBodyPieces();
  const block = Buffer.alloc(64_000, 1);
  for (let byte = 0; byte < block.byteLength; byte += 1) pieces.add(block.subarray(byte, byte + 1));
  // What was joined is a copy: what becomes of the block does not show in it.
  block.fill(0);
  const all = pieces.all();
  expect(all.length).toBeLessThanOrEqual(1_000);
  expect(Buffer.concat(all).equals(Buffer.alloc(block.byteLength, 1))).toBe(true);
});

test('large pieces are not copied', () => {
  const pieces = createBodyPieces();
  const large = Buffer.alloc(1_024);
  pieces.add(large);
  expect(pieces.all()[0]).toBe(large);
});
