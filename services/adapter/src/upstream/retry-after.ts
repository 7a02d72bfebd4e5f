type Headers = Readonly<Record<string, string | string[] | undefined>>;

const textOf = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.[0];

const decimal = /^\d{1,12}(\.\d{1,6})?$/;

/**
 * The pause that an upstream asks for, in milliseconds: `retry-after-ms` of OpenAI, or `retry-after` in seconds or as a
 * date (RFC 9110 §10.2.3). Undefined: none, or none that can be read.
 */
export const toRetryAfterMs = (headers: Headers, now: number): number | undefined => {
  const exact = textOf(headers['retry-after-ms']);
  if (exact !== undefined && decimal.test(exact)) return Math.ceil(Number(exact));
  const text = textOf(headers['retry-after']);
  if (text === undefined) return undefined;
  if (decimal.test(text)) return Math.ceil(Number(text) * 1_000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
};
