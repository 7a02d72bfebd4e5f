import * as z from 'zod';
import { nameField } from '../config/fields.ts';
import { targetVerdicts } from '../target-status.ts';
import { countField, instanceField } from './wire-fields.ts';

export const targetsQuestionSchema = z
  .object({ upstream: nameField.exactOptional().describe('Absent: of every upstream.') })
  .readonly();

const loadSchema = z
  .object({
    pendingTokens: countField,
    running: countField,
    prefillTokensPerSecond: z.number().min(0).exactOptional(),
    firstByteMs: z.number().min(0).exactOptional(),
    kvUsage: z.number().min(0).max(1).exactOptional(),
  })
  .readonly();

const adapterStatusSchema = z
  .object({
    instance: instanceField,
    circuit: z.enum(['closed', 'open', 'half-open']),
    check: z.enum(['healthy', 'unhealthy']).exactOptional(),
    checkFailure: z.string().exactOptional(),
    consecutiveFailures: countField.exactOptional(),
    lastFailure: z.string().exactOptional(),
  })
  .readonly();

const targetStatusSchema = z
  .object({
    upstream: nameField,
    target: nameField,
    address: z.string().describe('Base URL.'),
    verdict: z.enum(targetVerdicts),
    sentence: z.string().describe('Why it is chosen or not.'),
    penalty: z.number().min(1).describe('Factor of its cost.'),
    load: loadSchema,
    adapters: z.array(adapterStatusSchema).max(32).readonly(),
  })
  .readonly();

export const targetsAnswerSchema = z
  .object({
    scheduler: instanceField,
    targets: z.array(targetStatusSchema).readonly(),
    complete: z.boolean().describe('False: there are more targets than are listed.'),
  })
  .readonly();
