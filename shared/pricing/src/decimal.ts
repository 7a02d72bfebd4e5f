/** 1 unit of the currency per million tokens is a million pico-units per token. */
const picoDecimals = 6;

const decimalPattern = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** `decimal` × 10^`places`, exactly. Undefined when that is no whole number, or the text no number of at least 0. */
const scaleDecimal = (decimal: string, places: number): bigint | undefined => {
  const [, whole = '', fraction = '', exponent = '0'] = decimalPattern.exec(decimal) ?? [];
  if (whole === '') return undefined;
  const digits = BigInt(whole + fraction);
  const shift = places + Number(exponent) - fraction.length;
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return digits % divisor === 0n ? digits / divisor : undefined;
};

/** A price per million tokens, in pico-units per token: `0.0028` → 2800. Undefined when it is finer than that. */
export const toPicoPerToken = (perMillion: string): bigint | undefined =>
  scaleDecimal(perMillion, picoDecimals);

/** The same of a price per token: `2.8e-9` → 2800. */
export const perTokenToPico = (perToken: string): bigint | undefined =>
  scaleDecimal(perToken, picoDecimals + 6);

/** The shortest text of the price per million tokens: 2800 → `0.0028`. */
export const toPerMillion = (picoPerToken: bigint): string => {
  const digits = picoPerToken.toString().padStart(picoDecimals + 1, '0');
  const fraction = digits.slice(-picoDecimals).replace(/0+$/, '');
  const whole = digits.slice(0, -picoDecimals);
  return fraction === '' ? whole : `${whole}.${fraction}`;
};
