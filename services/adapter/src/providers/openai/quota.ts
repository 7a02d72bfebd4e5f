import type { QuotaWindow } from '@weir/contracts';
import type { ToldQuota } from '../provider.ts';
import { countOf, type Headers, toWindow } from '../quota-headers.ts';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `1s`, `6m0s`, `1h2m3.5s`, `12ms`; some servers leave the unit out and mean seconds. */
export const toDurationMs = (text: string): number | undefined => {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Math.ceil(Number(text) * 1_000);
  if (!/^(\d{1,9}(\.\d{1,9})?(ms|[smh])){1,4}$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|[smh])/g))
    sum += Number(amount) * (unitsMs[unit ?? ''] ?? 0);
  return Math.ceil(sum);
};

const windowOf = (headers: Headers, what: 'requests' | 'tokens', now: number): QuotaWindow | undefined => {
  const reset = headers[`x-ratelimit-reset-${what}`];
  const resetMs = typeof reset === 'string' ? toDurationMs(reset) : undefined;
  return toWindow(
    countOf(headers, `x-ratelimit-remaining-${what}`),
    countOf(headers, `x-ratelimit-limit-${what}`),
    resetMs === undefined ? undefined : now + resetMs,
  );
};

/** https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers */
export const toOpenaiQuota = (headers: Headers, now: number): ToldQuota => {
  const requests = windowOf(headers, 'requests', now);
  const tokens = windowOf(headers, 'tokens', now);
  return { ...(requests ? { requests } : {}), ...(tokens ? { tokens } : {}) };
};
