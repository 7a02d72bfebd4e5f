import * as z from 'zod';
import { nameField, patternField } from './fields.ts';
import { budgetSchema, rateLimitSchema } from './limit-schema.ts';

const allowField = z.array(patternField).default(['*']);

const metadataField = z.record(nameField, z.string().max(256)).prefault({});

const rules = {
  rateLimits: z.array(rateLimitSchema).default([]),
  budgets: z.array(budgetSchema).default([]),
};

const keySchema = z.strictObject({
  id: nameField.describe('Names the key in usage and logs.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'the SHA-256 of the key as 64 lower-case hex digits, never the key itself')
    .describe('SHA-256 of the key, hex.'),
  models: z.array(patternField).default(['*']).describe('Patterns of models that the key may use.'),
  routes: z.array(patternField).default(['*']).describe('Patterns of routes that the key may use.'),
  expiresAt: z.iso
    .datetime({ offset: true, error: 'a time such as 2027-01-31T00:00:00Z' })
    .exactOptional()
    .describe('Refused from then on.'),
  tier: nameField.exactOptional().describe('Instead of that of the organisation.'),
  ...rules,
  metadata: metadataField,
});

const teamSchema = z.strictObject({
  team: nameField,
  keys: z.array(keySchema).default([]),
  models: allowField.describe('Patterns of models that its keys may use.'),
  routes: allowField.describe('Patterns of routes that its keys may use.'),
  ...rules,
  metadata: metadataField,
});

export const tenantSchema = z.strictObject({
  org: nameField
    // Callers of open routes are counted under this name.
    .refine((name) => name !== 'anonymous', 'another name: anonymous stands for callers without a key')
    .describe('The organisation.'),
  tier: nameField.exactOptional().describe('Service tier, for routing and priority.'),
  keys: z.array(keySchema).default([]).describe('Keys that belong to no team.'),
  teams: z.array(teamSchema).default([]),
  models: allowField.describe('Patterns of models that its keys may use.'),
  routes: allowField.describe('Patterns of routes that its keys may use.'),
  ...rules,
  metadata: metadataField,
});
