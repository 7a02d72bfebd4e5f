import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Charge } from './charges.ts';
import { moneyCounter, requestCounter } from './testdata/rated-usage.ts';
import { askedUntil, createTotals } from './totals.ts';

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

test('a period is remembered until the next one, which may carry over from it, is over too', () => {
  const hour = 3_600;
  const day = 24 * hour;
  const totals = createTotals([
    [moneyCounter, 5n],
    ['m|org:acme|daily|0|86400', 5n],
    ['m|org:acme|hourly|0|3600', 5n],
  ]);
  expect(totals.forget(hour + hour)).toBe(0);
  expect(totals.forget(12 * hour)).toBe(1);
  expect(totals.forget(2 * day)).toBe(0);
  expect(totals.forget(3 * day)).toBe(1);
  expect([...totals.entries().keys()]).toEqual([moneyCounter]);
});

test('February is remembered until March is over', () => {
  const [february, march, april] = ['2026-02-01', '2026-03-01', '2026-04-01'].map(
    (day) => Date.parse(day) / 1_000,
  );
  expect(askedUntil(`m|org:acme|monthly|${february}|${march}`)).toBeGreaterThan(april ?? 0);
});

test('the hours of ten thousand keys do not pile up', () => {
  const totals = createTotals();
  for (let hour = 0; hour < 48; hour += 1) {
    for (let key = 0; key < 1_000; key += 1)
      totals.add([[`t|key:acme/k${key}|hourly|${hour * 3_600}|${(hour + 1) * 3_600}`, 1n]]);
    totals.forget(hour * 3_600);
  }
  expect(totals.size).toBeLessThanOrEqual(10 * 1_000);
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
