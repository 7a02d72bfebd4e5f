import type { QuotaWindow } from '@weir/contracts';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A whole number, not negative, of a header. Undefined when there is none. */
export const countOf = (headers: Headers, name: string): number | undefined => {
  const text = headers[name];
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
};

/** Undefined unless it is known how much is left and when it is all back. */
export const toWindow = (
  remaining: number | undefined,
  limit: number | undefined,
  resetsAt: number | undefined,
): QuotaWindow | undefined => {
  if (remaining === undefined || resetsAt === undefined) return undefined;
  return limit === undefined ? { remaining, resetsAt } : { remaining, limit, resetsAt };
};
