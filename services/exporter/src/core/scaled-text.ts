/** A whole number of 10^-`digits` as decimal text, exactly: `scaledText('-1500000000', 9)` is `-1.5`. */
export const scaledText = (amount: string, digits: number): string => {
  const value = BigInt(amount);
  const sign = value < 0n ? '-' : '';
  const text = (value < 0n ? -value : value).toString().padStart(digits + 1, '0');
  const fraction = text.slice(text.length - digits).replace(/0+$/, '');
  return `${sign}${text.slice(0, text.length - digits)}${fraction === '' ? '' : `.${fraction}`}`;
};

const nanoDigits = 9;
const nanoPerCentDigits = 7;

/** Nano-units as units of the currency. */
export const nanoToUnits = (nano: string): string => scaledText(nano, nanoDigits);

/** Nano-units as hundredths of the currency's unit. */
export const nanoToCents = (nano: string): string => scaledText(nano, nanoPerCentDigits);
