import fc from 'fast-check';
import { expect, test } from 'vitest';
import { perTokenToPico, toPerMillion, toPicoPerToken } from './decimal.ts';

test.each([
  ['1', 1_000_000n],
  ['0', 0n],
  ['0.30', 300_000n],
  ['0.000001', 1n],
  ['0.0000010', 1n],
  ['2.5e-1', 250_000n],
  ['999999999999999', 999_999_999_999_999_000_000n],
])('%s per million tokens is %s pico per token', (text, pico) => {
  expect(toPicoPerToken(text)).toBe(pico);
});

test.each(['0.0000001', '-1', '', '.5', '1.', 'NaN', 'Infinity', '1e9999', '0x10', '1_000'])(
  '%j is no price',
  (text) => {
    expect(toPicoPerToken(text)).toBeUndefined();
  },
);

test('a number of a catalogue is read by its shortest text: 2.8e-9 USD per token is 2800 pico', () => {
  expect(perTokenToPico(String(2.8e-9))).toBe(2_800n);
  expect(perTokenToPico(String(3.75e-6))).toBe(3_750_000n);
  expect(perTokenToPico(String(0.1 + 0.2))).toBeUndefined();
});

test('law: a price goes from text to pico and back, exactly', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 21n }), (pico) => {
      expect(toPicoPerToken(toPerMillion(pico))).toBe(pico);
    }),
  );
});

test('law: a double with six decimals per million comes back as the text that it was written as', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000_000), fc.nat(12), (digits, decimals) => {
      const perToken = Number(`${digits}e-${decimals}`);
      const pico = perTokenToPico(String(perToken));
      expect(pico).toBe(BigInt(digits) * 10n ** BigInt(12 - decimals));
    }),
  );
});
