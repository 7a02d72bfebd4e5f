import * as z from 'zod';
import { lagoQuantities, webhookContents } from './export-config.ts';
import { countField, durationField, nameField, patternField } from './fields.ts';

const secretField = z.union([
  z.strictObject({
    fromEnv: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable')
      .describe('Environment variable of the exporter that holds it.'),
  }),
  z.strictObject({ fromFile: z.string().min(1).describe('File of the exporter that holds it.') }),
]);

const isServiceUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
};

const urlField = z
  .string()
  .max(2048)
  .refine(isServiceUrl, 'an http or https URL without credentials or fragment');

/** Lago takes 100 events in one call; the others have no limit that a batch of these would reach. */
const mostEvents = { postgres: 1_000, openmeter: 500, lago: 100, webhook: 500 };

const sink = (defaultBatchSize: number, mostEventsAtATime: number) => ({
  name: nameField.describe('Unique. How far it has come is kept under this name.'),
  orgs: z.array(patternField).min(1).default(['*']).describe('Patterns of organisations.'),
  startAt: z.enum(['first', 'new']).default('first').describe('Where a sink begins that has nothing yet.'),
  batchSize: countField(1, mostEventsAtATime, defaultBatchSize).describe('Most events in one delivery.'),
  timeoutMs: durationField(15_000).describe('For one delivery to be answered.'),
  maxPauseMs: durationField(60_000).describe('Longest pause between two tries.'),
});

const postgresSchema = z.strictObject({
  kind: z.literal('postgres'),
  ...sink(500, mostEvents.postgres),
  url: secretField.describe('postgres://user:password@host/database'),
  schema: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'the name of a schema in lower case')
    .default('weir')
    .describe('Schema of the tables; made when it is missing.'),
});

const openMeterSchema = z.strictObject({
  kind: z.literal('openmeter'),
  ...sink(100, mostEvents.openmeter),
  url: urlField.describe('Base URL of the API.'),
  token: secretField.exactOptional(),
});

const lagoMetricSchema = z.strictObject({
  of: z.enum(lagoQuantities).describe('What is counted.'),
  code: z.string().min(1).max(255).describe('Code of the billable metric.'),
});

const lagoSchema = z.strictObject({
  kind: z.literal('lago'),
  ...sink(100, mostEvents.lago),
  url: urlField.default('https://api.getlago.com').describe('Base URL of the API.'),
  apiKey: secretField,
  metrics: z.array(lagoMetricSchema).min(1).max(20),
  subscriptions: z
    .record(nameField, z.string().min(1).max(255))
    .prefault({})
    .describe("Organisation to external_subscription_id; the organisation's own name unless given."),
});

const webhookSchema = z.strictObject({
  kind: z.literal('webhook'),
  ...sink(1, mostEvents.webhook),
  url: urlField,
  secret: secretField.describe('whsec_ and base64 of 24 to 64 bytes.'),
  send: z
    .array(z.enum(webhookContents))
    .min(1)
    .default([...webhookContents]),
});

export const exportSchema = z.discriminatedUnion(
  'kind',
  [postgresSchema, openMeterSchema, lagoSchema, webhookSchema],
  { error: 'one of "postgres", "openmeter", "lago", "webhook"' },
);
