import * as z from 'zod';
import { headerNameField, nameField, patternField } from './fields.ts';
import { type SplitKey, splitKinds } from './traffic-config.ts';

/** Credentials and what is about one connection: the ingress hands them to nobody. */
const keptHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'cookie',
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
]);

const travels = (name: string): boolean => !keptHeaders.has(name.toLowerCase());
const travelsOnly =
  'a header that is no credential and not about the connection; for callers see key, team and org';

const travellingHeaderField = headerNameField.refine(travels, travelsOnly);

export const splitKeyField = z
  .string()
  .regex(
    /^(request|key|team|org|header:[A-Za-z0-9!#$%&'+.^_`|~-]{1,128})$/,
    `one of ${splitKinds.join(', ')}, or header:<name>`,
  )
  .refine((text) => travels(text.replace(/^header:/, '')), travelsOnly)
  .transform((text) => text.toLowerCase() as SplitKey);

const weightField = z.number().min(0).max(1000);

const sharesField = <Share extends z.ZodType<{ readonly weight: number }>>(share: Share) =>
  z
    .array(share)
    .min(1)
    .max(32)
    .refine((shares) => shares.some(({ weight }) => weight > 0), 'at least one weight above 0');

const shareSchema = z.strictObject({
  upstream: z.string(),
  weight: weightField.describe('Share of the requests, out of the sum of all weights.'),
});

const abVariantSchema = z.strictObject({
  name: nameField,
  upstream: z.string(),
  weight: weightField.default(1).describe('Share of those whom no header assigns.'),
});

const abTestSchema = z.strictObject({
  header: travellingHeaderField.exactOptional().describe('Its value names the variant.'),
  by: splitKeyField.default('key').describe('Who stays with a variant.'),
  variants: sharesField(abVariantSchema),
});

/** Where requests go; of routes and their rules alike. */
export const wayShape = {
  upstreams: z.array(z.string()).default([]).describe('The preferred first; empty means all that fit.'),
  split: sharesField(shareSchema).exactOptional().describe('Shares of upstreams.'),
  splitBy: splitKeyField.exactOptional().describe('Whose requests stay together; request unless given.'),
  abTest: abTestSchema.exactOptional().describe('Callers in groups, each with an upstream of its own.'),
};

const ruleMatchSchema = z
  .strictObject({
    headers: z
      .record(travellingHeaderField, patternField)
      .exactOptional()
      .describe('Header to a pattern of its value; * asks for presence only.'),
    models: z.array(patternField).min(1).exactOptional().describe("Patterns of the client's model name."),
    tiers: z.array(nameField).min(1).exactOptional().describe('Tiers of tenants.'),
  })
  .refine((match) => Object.keys(match).length > 0, 'at least one of headers, models, tiers');

export const rulesSchema = z
  .array(
    z.strictObject({
      name: nameField.exactOptional().describe('For explanations.'),
      match: ruleMatchSchema.describe('Every condition that is given must hold.'),
      ...wayShape,
    }),
  )
  .max(100);
