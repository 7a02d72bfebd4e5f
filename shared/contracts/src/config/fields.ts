import * as z from 'zod';

const dayMs = 86_400_000;

/** Must equal what {@link isSubjectToken} takes; names stand in subjects. */
export const nameField = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'a name of 1 to 64 of A-Z a-z 0-9 _ -');

/** A day at most: timers overflow at 2^31 ms and would fire at once. */
export const durationField = (defaultMs: number) => z.int().min(1).max(dayMs).default(defaultMs);

export const optionalDurationField = z.int().min(1).max(dayMs).exactOptional();

export const countField = (least: number, most: number, defaultCount: number) =>
  z.int().min(least).max(most).default(defaultCount);

const longestBodyBytes = 1_073_741_824;

export const bodyLimitField = z.int().min(1).max(longestBodyBytes);

export const patternField = z.string().min(1).max(256);

export const modelField = z.string().min(1).max(256);

const headerCharacters = "A-Za-z0-9!#$%&'+.^_`|~-";

export const headerNameField = z
  .string()
  .regex(new RegExp(`^[${headerCharacters}]{1,128}$`), 'the name of a header')
  .toLowerCase();

/** A token of RFC 6265 §4.1.1. Unlike headers, cookies tell upper from lower case. */
export const cookieNameField = z
  .string()
  .regex(new RegExp(`^[*${headerCharacters}]{1,128}$`), 'the name of a cookie');

export const headerPatternField = z
  .string()
  .regex(new RegExp(`^[*${headerCharacters}]{1,128}$`), 'the name of a header, or a pattern such as x-app-*')
  .toLowerCase();

/** Field values of RFC 9110 §5.5, without obs-text: no control characters, so no second header can hide in one. */
export const headerValueField = z.string().regex(/^[\t\x20-\x7e]{0,8192}$/, 'printable ASCII on one line');

const decimalPattern = /^\d{1,15}(\.\d{1,12})?$/;

/** What `String` makes of a number may have an exponent: 1e-7. */
const toDecimalText = (value: number | string): string => {
  if (typeof value === 'string') return value;
  return value.toString().includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : value.toString();
};

/** An amount that is not negative, exactly as it was written. Numbers are taken by their shortest decimal text. */
export const decimalField = z
  .union([z.number().min(0), z.string().regex(decimalPattern, 'a decimal number such as 0.25')])
  .transform(toDecimalText)
  .refine((text) => decimalPattern.test(text), 'a decimal number with at most 12 decimals');
