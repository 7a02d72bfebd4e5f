import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Due, type DueQueue, popDue, pushDue } from './due-queue.ts';

const popAll = (queue: DueQueue, now: number): Due[] => {
  const popped: Due[] = [];
  for (let due = popDue(queue, now); due !== undefined; due = popDue(queue, now)) popped.push(due);
  return popped;
};

const earlier = (left: Due, right: Due): number =>
  left.at - right.at || (left.name < right.name ? -1 : left.name > right.name ? 1 : 0);

it('gives what is due, the earliest first, and keeps the rest', () => {
  const dues = fc.array(fc.record({ at: fc.nat(20), name: fc.string({ maxLength: 2 }) }));
  fc.assert(
    fc.property(dues, fc.nat(20), dues, (first, now, second) => {
      const queue: DueQueue = [];
      for (const due of first) pushDue(queue, due);
      const dueFirst = first.filter(({ at }) => at <= now).sort(earlier);
      expect(popAll(queue, now)).toEqual(dueFirst);
      for (const due of second) pushDue(queue, due);
      const rest = [...first.filter(({ at }) => at > now), ...second].sort(earlier);
      expect(popAll(queue, 20)).toEqual(rest);
      expect(queue).toEqual([]);
    }),
  );
});
