import type { BudgetUnit } from '@weir/contracts';

/** Money is counted in nano-units: 9 decimals. */
const decimalsOf = (unit: BudgetUnit): number => (unit === 'money' ? 9 : 0);

/**
 * Decimal text, as a limit is configured, in whole units of its counter: `12.5` of money → 12,500,000,000.
 * Exact; decimals that the unit does not have are cut off.
 */
export const budgetLimitUnits = (text: string, unit: BudgetUnit): bigint => {
  const decimals = decimalsOf(unit);
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'));
};

/** The other way round, without zeros at the end: 12,500,000,000 of money → `12.5`. */
export const unitsText = (units: bigint, unit: BudgetUnit): string => {
  const decimals = decimalsOf(unit);
  const sign = units < 0n ? '-' : '';
  const digits = String(units < 0n ? -units : units).padStart(decimals + 1, '0');
  const split = digits.length - decimals;
  const fraction = digits.slice(split).replace(/0+$/, '');
  return `${sign}${digits.slice(0, split)}${fraction === '' ? '' : `.${fraction}`}`;
};

const millionths = 1_000_000n;

/** `fraction` of an amount, rounded down. The fraction counts in whole millionths, so that all replicas agree. */
export const fractionOf = (units: bigint, fraction: number): bigint =>
  (units * BigInt(Math.round(fraction * Number(millionths)))) / millionths;
