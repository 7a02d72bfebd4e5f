import * as z from 'zod';
import { nameField } from '../config/fields.ts';
import { countField, epochMsField, instanceField } from './wire-fields.ts';

export const targetHealthSchema = z
  .object({
    succeeded: countField.describe('Attempts that it answered, since the start of the instance.'),
    failed: countField.describe('Attempts that failed by its fault.'),
    consecutiveFailures: countField,
    lastFailure: z.string().exactOptional().describe('Reason of the last failure.'),
    check: z.enum(['healthy', 'unhealthy']).exactOptional().describe('What health checks have found.'),
    checkFailure: z.string().exactOptional().describe('Why the last check failed.'),
  })
  .readonly();

export const engineReportSchema = z
  .object({
    running: countField.exactOptional().describe('Requests that it computes, whoever sent them.'),
    waiting: countField.exactOptional().describe('Requests that wait in it, whoever sent them.'),
    kvUsage: z.number().min(0).max(1).exactOptional().describe('Share of its KV cache in use.'),
  })
  .readonly();
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
    health: targetHealthSchema.exactOptional().describe('Absent where nobody asked for it.'),
    firstByteMs: z.number().min(0).exactOptional().describe('Of successful answers. Absent: not known yet.'),
    engine: engineReportSchema.exactOptional().describe('What the engine says of itself. Absent: not known.'),
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
