import * as z from 'zod';
import type { frameKinds } from '../frame.ts';
import { wireErrorSchema } from './wire-error-schema.ts';
import { countField, headersField, instanceField, positionField } from './wire-fields.ts';

export const queuedFrameSchema = z
  .object({
    position: positionField.exactOptional().describe('From 1. Absent: not known.'),
    scheduler: instanceField.exactOptional().describe('Scheduler instance, where a cancel goes.'),
  })
  .readonly();

export const acceptedFrameSchema = z
  .object({
    instance: instanceField.describe('Adapter instance, where credit and cancel go.'),
    attempt: positionField,
    upstream: z.string(),
    target: z.string(),
    again: z.literal(true).exactOptional().describe('Said once more, before anything of an answer.'),
  })
  .readonly();

export const headFrameSchema = z
  .object({
    status: z.int().min(100).max(599),
    headers: headersField.describe("Names in lower case, in the upstream's order."),
  })
  .readonly();

export const usageFrameSchema = z
  .object({
    quality: z.enum(['reported', 'estimated', 'unknown']),
    inputTokens: countField.exactOptional().describe('Absent: unknown.'),
    outputTokens: countField.exactOptional().describe('Absent: unknown.'),
    costNano: z
      .string()
      .regex(/^\d+$/)
      .exactOptional()
      .describe('Cost in 10^-9 of the currency. Absent: no price is known.'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .exactOptional()
      .describe('ISO 4217. Present with costNano.'),
  })
  .readonly();

export const endFrameSchema = z
  .object({ bytes: countField.describe('Bytes of all data frames of this tag.') })
  .readonly();

export const handedBackFrameSchema = z.object({ attempt: positionField, reason: z.string() }).readonly();

/** What each kind of frame carries: JSON by a schema, bytes as they are, or nothing. */
export const framePayloads = {
  queued: queuedFrameSchema,
  accepted: acceptedFrameSchema,
  head: headFrameSchema,
  data: 'bytes',
  usage: usageFrameSchema,
  end: endFrameSchema,
  error: wireErrorSchema,
  ping: 'empty',
  handedBack: handedBackFrameSchema,
} as const satisfies Record<keyof typeof frameKinds, z.ZodType | 'bytes' | 'empty'>;
