import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createStampReader, stampDelta } from './delta-stamps.ts';

test('any split of a stream gives the same stamps', () => {
  const stamps: [number, number][] = [
    [0, 17],
    [1, 1_234_567_890],
    [12, 5],
  ];
  const wire = `data: {"role":""}\n\n${stamps.map(([index, micros]) => `data: {"content":"${stampDelta(index, micros)}"}\n\n`).join('')}data: [DONE]\n\n`;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: wire.length })), (cuts) => {
      const seen: [number, number][] = [];
      const reader = createStampReader((index, micros) => seen.push([index, micros]));
      const edges = [0, ...cuts.toSorted((left, right) => left - right), wire.length];
      for (const [place, edge] of edges.slice(1).entries()) {
        reader.feed(Buffer.from(wire.slice(edges[place], edge)));
      }
      expect(seen).toEqual(stamps);
    }),
  );
});
