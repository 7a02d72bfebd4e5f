import type { CanaryOutcomes } from '@weir/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOutcomeWindow, noOutcomes } from './outcome-window.ts';

const counts = (answers: number, failures = 0): CanaryOutcomes => ({ ...noOutcomes, answers, failures });

test('what an instance had counted before we heard of it is not of now', () => {
  const window = createOutcomeWindow(1_000);
  window.observe('adapter-1', 1, counts(500, 400), 0);
  expect(window.recent(0)).toEqual(noOutcomes);
  window.observe('adapter-1', 1, counts(503, 401), 10);
  expect(window.recent(10)).toEqual(counts(3, 1));
});

test('an instance that starts again counts from 0; what it said before its start is ignored', () => {
  const window = createOutcomeWindow(1_000);
  window.observe('adapter-1', 1, counts(5), 0);
  window.observe('adapter-1', 2, counts(4), 10);
  window.observe('adapter-1', 1, counts(9), 20);
  window.observe('adapter-1', 2, counts(6), 30);
  expect(window.total).toEqual(counts(6));
});

test('what is older than the window does not count any more', () => {
  const window = createOutcomeWindow(1_000);
  window.observe('adapter-1', 1, counts(0), 0);
  window.observe('adapter-1', 1, counts(2), 100);
  window.observe('adapter-1', 1, counts(5), 900);
  expect(window.recent(1_099)).toEqual(counts(5));
  expect(window.recent(1_101)).toEqual(counts(3));
  expect(window.recent(1_901)).toEqual(noOutcomes);
  expect(window.total).toEqual(counts(5));
});

/** Growing counts of a few instances, in the order in which they were made. */
const historyArbitrary = fc
  .array(fc.record({ instance: fc.constantFrom('a', 'b', 'c'), more: fc.nat(5), failed: fc.nat(5) }), {
    maxLength: 30,
  })
  .map((steps) => {
    const totals = new Map<string, CanaryOutcomes>();
    return steps.map(({ instance, more, failed }) => {
      const before = totals.get(instance) ?? noOutcomes;
      const failures = before.failures + Math.min(more, failed);
      const total = counts(before.answers + more, failures);
      totals.set(instance, total);
      return { instance, total };
    });
  });

test('laws: messages that are lost, doubled or late change nothing that the last one of each does not say', () => {
  fc.assert(
    fc.property(historyArbitrary, fc.array(fc.nat(60)), fc.array(fc.boolean()), (history, jumps, losses) => {
      const messy = history.filter((_one, at) => losses[at] !== true);
      for (const jump of jumps) {
        const again = history[jump % Math.max(1, history.length)];
        if (again) messy.push(again);
      }
      const lasts = ['a', 'b', 'c'].flatMap(
        (name) => history.findLast(({ instance }) => instance === name) ?? [],
      );
      const inOrder = createOutcomeWindow(1_000);
      const disordered = createOutcomeWindow(1_000);
      for (const window of [inOrder, disordered]) {
        for (const instance of ['a', 'b', 'c']) window.observe(instance, 1, noOutcomes, 0);
      }
      for (const { instance, total } of history) inOrder.observe(instance, 1, total, 1);
      for (const { instance, total } of [...messy, ...lasts]) disordered.observe(instance, 1, total, 1);
      expect(disordered.total).toEqual(inOrder.total);
      expect(disordered.recent(2)).toEqual(inOrder.recent(2));
    }),
  );
});
