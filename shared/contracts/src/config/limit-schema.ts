import * as z from 'zod';
import { budgetUnits } from '../budget-counter.ts';
import { decimalField, nameField } from './fields.ts';
import { budgetPeriods, estimateMethods, holdModes, type LimitKey, limitKinds } from './limit-config.ts';

const mostTokens = 1_000_000_000_000;
const amountField = z.int().min(1).max(mostTokens);

const limitKeyField = z
  .string()
  .regex(
    /^(key|team|org|route|client-ip|header:[A-Za-z0-9!#$%&'+.^_`|~-]{1,128})$/,
    `one of ${limitKinds.join(', ')}, or header:<name>`,
  )
  .transform((text) => text.toLowerCase() as LimitKey)
  .describe('What shares the limit. Absent: the place where it stands; the key, on a route.');

const fractionField = z.number().min(0).max(1);

const isTimeZone = (name: string): boolean => {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

export const rateLimitSchema = z
  .strictObject({
    key: limitKeyField.exactOptional(),
    tokensPerMinute: amountField.exactOptional().describe('Refill of the token bucket.'),
    burstTokens: amountField.exactOptional().describe('Its capacity; tokensPerMinute unless given.'),
    requestsPerMinute: amountField.exactOptional(),
    burstRequests: amountField.exactOptional().describe('requestsPerMinute unless given.'),
    concurrency: amountField.exactOptional().describe('Requests at a time.'),
    estimate: z.enum(estimateMethods).default('tiktoken').describe('How input tokens are estimated.'),
    enforce: z.boolean().default(true).describe('false only counts what would have been refused.'),
  })
  .refine(
    ({ tokensPerMinute, requestsPerMinute, concurrency }) =>
      tokensPerMinute !== undefined || requestsPerMinute !== undefined || concurrency !== undefined,
    'at least one of tokensPerMinute, requestsPerMinute, concurrency',
  );

const holdSchema = z.strictObject({
  mode: z.enum(holdModes).default('worst-case'),
  outputTokens: amountField.default(4096).describe('Held where the request has no cap of its own.'),
  quantile: z.number().gt(0).max(1).default(0.95),
});

export const budgetSchema = z
  .strictObject({
    name: nameField.describe('Unique in its place.'),
    key: limitKeyField.exactOptional(),
    unit: z.enum(budgetUnits).default('tokens'),
    limit: decimalField.describe('Whole tokens or requests, or money.'),
    period: z.enum(budgetPeriods),
    timeZone: z.string().refine(isTimeZone, 'an IANA time zone such as Europe/Berlin').default('UTC'),
    enforce: z.boolean().default(true).describe('false only reports.'),
    alertThresholds: z.array(z.number().gt(0).max(10)).default([]).describe('Fractions of the limit.'),
    burstAllowance: fractionField.default(0).describe('Fraction of the limit that may be used beyond it.'),
    rollOver: fractionField.default(0).describe('Fraction of the limit that may be carried over.'),
    hold: holdSchema.prefault({}),
    onLow: z.enum(['deny', 'clamp']).default('deny'),
  })
  .refine(({ limit }) => /[1-9]/.test(limit), { path: ['limit'], error: 'more than 0' })
  .refine(({ unit, limit }) => unit === 'money' || !limit.includes('.'), {
    path: ['limit'],
    error: 'a whole number; only money has decimals',
  })
  .refine(({ unit, limit }) => unit !== 'money' || /^\d+(\.\d{1,9})?$/.test(limit), {
    path: ['limit'],
    error: 'money with at most 9 decimals',
  });
