import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createResubmitBudget, type ResubmitBudget } from './resubmit-budget.ts';

const spendAll = (budget: ResubmitBudget): number => {
  let spent = 0;
  while (budget.spend()) spent += 1;
  return spent;
};

it('a mesh without traffic may resubmit a few requests, and then no more', () => {
  const budget = createResubmitBudget();
  expect(spendAll(budget)).toBe(200);
  expect(budget.spend()).toBe(false);
});

it('a tenth of the traffic may be resubmitted, give or take the reserve', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300), { maxLength: 30 }), (bursts) => {
      const budget = createResubmitBudget();
      let earned = 0;
      let spent = 0;
      for (const burst of bursts) {
        for (let count = 0; count < burst; count += 1) budget.earn();
        earned += burst;
        spent += spendAll(budget);
        expect(spent).toBeLessThanOrEqual(200 + earned / 10);
        expect(spent).toBeGreaterThanOrEqual(200 + earned / 10 - 2);
      }
    }),
  );
});

it('a long calm saves up a bounded reserve only', () => {
  const budget = createResubmitBudget();
  for (let count = 0; count < 100_000; count += 1) budget.earn();
  expect(spendAll(budget)).toBeLessThanOrEqual(2_000);
});
