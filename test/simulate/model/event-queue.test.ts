import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEventQueue } from './event-queue.ts';

test('law: events run in order of time, and of one time in the order they were asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const queue = createEventQueue();
      const seen: [time: number, order: number][] = [];
      for (const [order, time] of times.entries()) queue.at(time, () => seen.push([queue.now, order]));
      queue.runAll();
      const expected = times.map((time, order): [number, number] => [time, order]);
      expect(seen).toEqual(expected.sort(([one, first], [other, second]) => one - other || first - second));
    }),
  );
});

test('what an event asks for runs in the same go, and never in the past', () => {
  const queue = createEventQueue();
  const seen: number[] = [];
  queue.at(10, () => {
    queue.at(3, () => seen.push(queue.now));
    queue.after(5, () => seen.push(queue.now));
  });
  queue.at(12, () => seen.push(queue.now));
  queue.runAll();
  expect(seen).toEqual([10, 12, 15]);
});
