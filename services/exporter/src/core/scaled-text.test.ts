import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nanoToCents, nanoToUnits, scaledText } from './scaled-text.ts';

test.each([
  ['0', '0', '0'],
  ['1', '0.000000001', '0.0000001'],
  ['-1500000000', '-1.5', '-150'],
  ['12345678901234567890', '12345678901.23456789', '1234567890123.456789'],
])('%s nano is %s units and %s cents', (nano, units, cents) => {
  expect(nanoToUnits(nano)).toBe(units);
  expect(nanoToCents(nano)).toBe(cents);
});

test('no digit is lost', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.integer({ min: 1, max: 20 }), (amount, digits) => {
      const [whole = '', fraction = ''] = scaledText(String(amount), digits).split('.');
      expect(BigInt(whole + fraction.padEnd(digits, '0'))).toBe(amount);
    }),
  );
});
