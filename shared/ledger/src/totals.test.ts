import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Charge } from './charges.ts';
import { moneyCounter, requestCounter } from './testdata/rated-usage.ts';
import { createTotals } from './totals.ts';

test('each charge says what the counter was and became', () => {
  const totals = createTotals([[moneyCounter, 5n]]);
  expect(
    totals.add([
      [moneyCounter, 7n],
      [requestCounter, 1n],
      [moneyCounter, -2n],
    ]),
  ).toEqual([
    { counter: moneyCounter, before: 5n, after: 12n },
    { counter: requestCounter, before: 0n, after: 1n },
    { counter: moneyCounter, before: 12n, after: 10n },
  ]);
});

test('a period that ended before the moment is forgotten, and one that ends with it is not', () => {
  const totals = createTotals([
    [moneyCounter, 5n],
    ['m|org:acme|daily|0|86400', 5n],
  ]);
  expect(totals.forget(86_400)).toBe(0);
  expect(totals.forget(86_401)).toBe(1);
  expect([...totals.entries().keys()]).toEqual([moneyCounter]);
});

test('law: the order of charges does not matter to the totals', () => {
  const charge = fc.tuple(fc.constantFrom('m|a|b|0|1', 't|a|b|0|1', 'r|a|b|0|1'), fc.bigInt());
  fc.assert(
    fc.property(fc.array(charge), fc.nat(), (charges, cut) => {
      const turned: Charge[] = [...charges.slice(cut), ...charges.slice(0, cut)];
      const [left, right] = [createTotals(), createTotals()];
      left.add(charges);
      for (const one of turned) right.add([one]);
      expect(new Map(right.entries())).toEqual(new Map(left.entries()));
    }),
  );
});
