import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BudgetCounter, budgetUnits, counterText, readCounter } from './budget-counter.ts';

const names = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
const counters: fc.Arbitrary<BudgetCounter> = fc.record({
  unit: fc.constantFrom(...budgetUnits),
  scope: fc
    .tuple(fc.constantFrom('org', 'team', 'key', 'route'), names, names)
    .map(([kind, one, other]) => `${kind}:${one}/${other}`),
  budget: names,
  startsAt: fc.nat(2_000_000_000),
  endsAt: fc.integer({ min: 2_000_000_001, max: 3_000_000_000 }),
});

test('a counter is read back from its text', () => {
  fc.assert(
    fc.property(counters, (counter) => {
      expect(readCounter(counterText(counter))).toEqual(counter);
    }),
  );
});

test.each([
  '',
  'm|org:acme|monthly|1|1',
  'x|org:acme|monthly|1|2',
  'm||monthly|1|2',
  'm|a|b|1|2|3',
  'm|a|b|1.5|2',
])('%j is no counter', (text) => {
  expect(readCounter(text)).toBeUndefined();
});
