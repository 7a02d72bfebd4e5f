import fc from 'fast-check';
import { expect, test } from 'vitest';
import { thousandfold } from './thousandfold.ts';

test.each([
  ['0.03', '30'],
  ['0.0005', '0.5'],
  ['0.00000015', '0.00015'],
  ['2', '2000'],
  ['0', '0'],
  ['12.3456', '12345.6'],
])('%s × 1000 = %s', (decimal, expected) => {
  expect(thousandfold(decimal)).toBe(expected);
});

test('law: it is exact', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.stringMatching(/^\d{1,9}$/), (whole, fraction) => {
      const [moved = '', rest = ''] = thousandfold(`${whole}.${fraction}`).split('.');
      const scaled = BigInt(`${whole}${fraction.padEnd(12, '0')}`) * 1_000n;
      expect(BigInt(`${moved}${rest.padEnd(12, '0')}`)).toBe(scaled);
    }),
  );
});
