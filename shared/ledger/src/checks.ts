export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

const decimalPattern = /^-?(0|[1-9][0-9]{0,29})$/;

/** Whole nano-units as text. The bound keeps a hostile text from costing time as a bigint. */
export const isDecimal = (value: unknown): value is string =>
  typeof value === 'string' && decimalPattern.test(value);

const decoder = new TextDecoder();

/** Undefined when the bytes are not JSON. */
export const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
};
