import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outgoing } from '../testdata/rated-events.ts';
import { cutParts, halve, type Part, withoutEvents } from './part.ts';

const sequences = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { maxLength: 40 });

const partOf = (numbers: readonly number[]): Part => {
  const events = numbers.toSorted((one, other) => one - other).map((sequence) => outgoing(sequence));
  return { events, through: (events.at(-1)?.sequence ?? 0) + 3 };
};

const joined = (parts: readonly Part[]): Part => ({
  events: parts.flatMap(({ events }) => events),
  through: parts.at(-1)?.through ?? 0,
});

const isOrdered = (parts: readonly Part[]): boolean =>
  parts.every(({ events, through }, index) => {
    const after = parts[index - 1]?.through ?? 0;
    return through > after && events.every(({ sequence }) => sequence > after && sequence <= through);
  });

test('the parts of a whole are the whole, in order, none larger than asked', () => {
  fc.assert(
    fc.property(sequences, fc.integer({ min: 1, max: 50 }), (numbers, batchSize) => {
      const whole = partOf(numbers);
      const parts = cutParts(whole, batchSize);
      expect(joined(parts)).toEqual(whole);
      expect(isOrdered(parts)).toBe(true);
      expect(parts.every(({ events }) => events.length <= batchSize)).toBe(true);
    }),
  );
});

test('halving goes on until one event is alone, and loses none', () => {
  const takeApart = (part: Part): readonly Part[] => halve(part)?.flatMap(takeApart) ?? [part];
  fc.assert(
    fc.property(sequences, (numbers) => {
      const whole = partOf(numbers);
      const parts = takeApart(whole);
      expect(joined(parts)).toEqual(whole);
      expect(isOrdered(parts)).toBe(true);
      expect(parts.length).toBe(Math.max(numbers.length, 1));
    }),
  );
});

test('a part without its events still moves the position', () => {
  expect(withoutEvents(partOf([4]))).toEqual({ events: [], through: 7 });
});
