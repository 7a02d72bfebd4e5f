import * as z from 'zod';
import type { AffinityConfig } from './affinity-config.ts';
import { cookieNameField, headerNameField } from './fields.ts';

const longestMs = 86_400_000;
/** What browsers cut a longer age to. */
const longestAgeMs = 400 * 86_400_000;

export const defaultAffinity: AffinityConfig = { maxExtraCostMs: 1_500 };

export const affinitySchema = z
  .strictObject({
    header: headerNameField
      .refine((name) => name !== 'cookie', 'a header with one value; for a cookie see `cookie`')
      .exactOptional()
      .describe('Client header that names the session.'),
    cookie: cookieNameField.exactOptional().describe('Cookie that names the session.'),
    issueCookie: z.boolean().exactOptional().describe('Clients without the cookie are given one.'),
    cookieMaxAgeMs: z
      .int()
      .min(1_000)
      .max(longestAgeMs)
      .exactOptional()
      .describe('How long a client keeps it; until it is closed unless given.'),
    maxExtraCostMs: z
      .int()
      .min(0)
      .max(longestMs)
      .default(defaultAffinity.maxExtraCostMs)
      .describe("What a request may lose by going to its session's target, against the best one."),
  })
  .refine(
    ({ header, cookie }) => header === undefined || cookie === undefined,
    'a header or a cookie, not both',
  )
  .refine(
    ({ cookie, issueCookie }) => cookie !== undefined || issueCookie !== true,
    'a `cookie` that is issued, by its name',
  )
  .refine(
    ({ issueCookie, cookieMaxAgeMs }) => issueCookie === true || cookieMaxAgeMs === undefined,
    'no `cookieMaxAgeMs` for a cookie that Weir does not issue',
  );
