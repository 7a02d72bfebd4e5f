import { prefixEnds } from '@weir/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toPrefixSketch } from './prefix-sketch.ts';

const bytes = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_none, at) => (at * 31 * seed + (at >> 8)) & 0xff);

test('law: two prompts share the digests of the prefixes that they share, wherever they stand, and no others', () => {
  fc.assert(
    fc.property(fc.nat(70_000), fc.nat(2_000), fc.nat(2_000), (common, front, otherFront) => {
      const shared = bytes(common);
      const one = Buffer.concat([bytes(front, 3), shared, Buffer.from([1]), bytes(70_000, 5)]);
      const other = Buffer.concat([bytes(otherFront, 7), shared, Buffer.from([2]), bytes(70_000, 5)]);
      const sketch = toPrefixSketch(one, front, 'm');
      const otherSketch = toPrefixSketch(other, otherFront, 'm');
      const equal = sketch.filter((digest, at) => digest === otherSketch[at]).length;
      expect(equal).toBe(prefixEnds.filter((end) => end <= common).length);
      expect(sketch).toHaveLength(prefixEnds.length);
    }),
    { numRuns: 30 },
  );
});

test('a short prompt has none, and different models have nothing in common', () => {
  expect(toPrefixSketch(bytes(1_033), 10, 'm')).toEqual([]);
  const [one] = toPrefixSketch(bytes(1_034), 10, 'm');
  expect(one).toMatch(/^[A-Za-z0-9_-]{11}$/);
  expect(toPrefixSketch(bytes(1_034), 10, 'n')).not.toContain(one);
});
