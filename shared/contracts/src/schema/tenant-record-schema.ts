import * as z from 'zod';
import { nameField } from '../config/fields.ts';
import { budgetSchema, rateLimitSchema } from '../config/limit-schema.ts';
import { epochMsField } from './wire-fields.ts';

const allowField = z.array(z.string()).readonly().describe('Patterns; `*` alone allows everything.');

const changeSchema = z
  .object({
    by: z.string().describe('Name of the admin credential.'),
    action: z.enum(['created', 'updated', 'rotated', 'revoked', 'deleted']),
    at: epochMsField,
    request: z.string().describe('Request id of the admin call.'),
  })
  .readonly()
  .describe('The last change of the record.');

const rules = {
  rateLimits: z.array(rateLimitSchema).readonly(),
  budgets: z.array(budgetSchema).readonly(),
  models: allowField,
  routes: allowField,
  metadata: z.record(z.string(), z.string()).readonly(),
  change: changeSchema,
};

const endedAtField = epochMsField.exactOptional().describe('Nobody of it may call from then on.');

const orgRecordSchema = z
  .object({
    kind: z.literal('org'),
    org: nameField,
    tier: z.string().exactOptional(),
    deletedAt: endedAtField,
    ...rules,
  })
  .readonly();

const teamRecordSchema = z
  .object({ kind: z.literal('team'), org: nameField, team: nameField, deletedAt: endedAtField, ...rules })
  .readonly();

const keySecretSchema = z
  .object({
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    expiresAt: epochMsField.exactOptional(),
  })
  .readonly();

const keyRecordSchema = z
  .object({
    kind: z.literal('key'),
    org: nameField,
    team: nameField.describe('`_`: none.'),
    id: nameField,
    secrets: z.array(keySecretSchema).readonly().describe('Two while one is being replaced by the other.'),
    tier: z.string().exactOptional(),
    expiresAt: epochMsField.exactOptional(),
    revokedAt: epochMsField.exactOptional(),
    createdAt: epochMsField,
    ...rules,
  })
  .readonly();

/** What an entry of bucket `weir_keys` holds. */
export const tenantRecordSchema = z
  .discriminatedUnion('kind', [orgRecordSchema, teamRecordSchema, keyRecordSchema])
  .describe('An organisation, a team or a key that is managed at run time.');
