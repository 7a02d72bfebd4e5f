import type { QuotaWindow } from '@weir/contracts';
import type { ToldQuota } from '../provider.ts';
import { countOf, type Headers, toWindow } from '../quota-headers.ts';

const windowOf = (headers: Headers, what: string): QuotaWindow | undefined => {
  const prefix = `anthropic-ratelimit-${what}`;
  const reset = headers[`${prefix}-reset`];
  const resetsAt = typeof reset === 'string' ? Date.parse(reset) : Number.NaN;
  return toWindow(
    countOf(headers, `${prefix}-remaining`),
    countOf(headers, `${prefix}-limit`),
    Number.isNaN(resetsAt) || resetsAt < 0 ? undefined : resetsAt,
  );
};

/** `tokens` is the tightest of the limits in force; there is one of input tokens beside it. */
const tokensOf = (headers: Headers): QuotaWindow | undefined => {
  const all = windowOf(headers, 'tokens');
  const input = windowOf(headers, 'input-tokens');
  if (!all || !input) return all ?? input;
  return input.remaining < all.remaining ? input : all;
};

/** https://docs.anthropic.com/en/api/rate-limits#response-headers */
export const toAnthropicQuota = (headers: Headers): ToldQuota => {
  const requests = windowOf(headers, 'requests');
  const tokens = tokensOf(headers);
  return { ...(requests ? { requests } : {}), ...(tokens ? { tokens } : {}) };
};
