import * as z from 'zod';
import { nameField } from '../config/fields.ts';

export const requestIdField = z.uuidv7().describe('Request id, UUIDv7.');

export const instanceField = nameField.describe('Instance of a service.');

export const countField = z.int().min(0);

export const positionField = z.int().min(1);

export const epochMsField = z.int().min(0).describe('Milliseconds since the epoch.');

/** Wall clocks step back now and then, and an event is money: a negative duration is no reason to refuse it. */
export const durationMsField = z.int().describe('Milliseconds.');

/** https://www.w3.org/TR/trace-context/#traceparent-header */
export const traceparentField = z.string().regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);

export const headersField = z
  .array(z.tuple([z.string(), z.string()]).readonly())
  .readonly()
  .describe('Headers; names in lower case.');

export const uint32Field = z.int().min(0).max(0xffff_ffff);
