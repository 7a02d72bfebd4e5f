import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetLimitUnits, fractionOf, unitsText } from './budget-units.ts';

describe('a limit in units of its counter', () => {
  it.each([
    ['12.5', 'money', 12_500_000_000n],
    ['0.000000001', 'money', 1n],
    ['999999999999999.999999999', 'money', 999_999_999_999_999_999_999_999n],
    ['1', 'money', 1_000_000_000n],
    ['1000', 'tokens', 1_000n],
    ['7', 'requests', 7n],
  ] as const)('%s of %s is %s', (text, unit, expected) => {
    expect(budgetLimitUnits(text, unit)).toBe(expected);
    expect(unitsText(expected, unit)).toBe(text);
  });

  it('is cut off where the unit ends', () => {
    expect(budgetLimitUnits('0.0000000019', 'money')).toBe(1n);
  });

  it('is the same after a way to text and back', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 24n }),
        fc.constantFrom('money', 'tokens', 'requests'),
        (units, unit) => budgetLimitUnits(unitsText(units, unit), unit) === units,
      ),
    );
  });

  it('is shown below zero, too', () => {
    expect(unitsText(-1_500_000_000n, 'money')).toBe('-1.5');
    expect(unitsText(-3n, 'tokens')).toBe('-3');
  });
});

it.each([
  [10n, 0.1, 1n],
  [999n, 0.1, 99n],
  [10n ** 24n, 0.3, 3n * 10n ** 23n],
  [5n, 0, 0n],
  [5n, 1, 5n],
] as const)('of %s, a fraction of %s is %s', (units, fraction, expected) => {
  expect(fractionOf(units, fraction)).toBe(expected);
});
