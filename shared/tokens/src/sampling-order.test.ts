import fc from 'fast-check';
import { expect, it } from 'vitest';
import { samplingOrder } from './sampling-order.ts';

it('visits every index once', () => {
  fc.assert(
    fc.property(fc.nat({ max: 3_000 }), (count) => {
      const visited = [...samplingOrder(count)].sort((left, right) => left - right);
      expect(visited).toEqual(Array.from({ length: count }, (_, index) => index));
    }),
  );
});

it('spreads any beginning over the whole', () => {
  const first = [...samplingOrder(1_000)].slice(0, 50).sort((left, right) => left - right);
  const gaps = first.map((index, place) => index - (first[place - 1] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(60);
});
