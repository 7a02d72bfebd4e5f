import * as z from 'zod';
import { nameField } from '../config/fields.ts';
import { countField, epochMsField, instanceField } from './wire-fields.ts';

const quotaWindowSchema = z
  .object({
    remaining: countField,
    limit: countField.exactOptional(),
    resetsAt: epochMsField.describe('When all of it is back.'),
  })
  .readonly();

const targetQuotaSchema = z
  .object({
    observedAt: epochMsField,
    requests: quotaWindowSchema.exactOptional(),
    tokens: quotaWindowSchema.exactOptional(),
    exhaustedUntil: epochMsField.exactOptional().describe('The provider refuses requests until then.'),
  })
  .readonly()
  .describe('What the provider last said of its own limits.');

export const targetLoadSchema = z
  .object({
    target: nameField,
    pendingTokens: countField.describe('Input tokens of attempts that have no first byte yet.'),
    running: countField,
    capacity: countField.describe('Most attempts at a time.'),
    prefillTokensPerSecond: z.number().min(0).exactOptional().describe('Absent: not known yet.'),
    quota: targetQuotaSchema.exactOptional(),
  })
  .readonly();

export const loadReportSchema = z
  .object({
    v: z.literal(1),
    pool: nameField,
    instance: instanceField,
    epoch: epochMsField.describe('Start of the instance. A new value: all counters began anew.'),
    sequence: countField,
    state: z.enum(['ready', 'draining']),
    targets: z.array(targetLoadSchema).readonly(),
    watermarks: z
      .record(z.string(), countField)
      .readonly()
      .describe('Highest dispatch number seen, by scheduler instance.'),
  })
  .readonly();
