import * as z from 'zod';
import { type ErrorReason, errorReasons } from '../error-code.ts';
import { headersField } from './wire-fields.ts';

const reasons = Object.keys(errorReasons) as [ErrorReason, ...ErrorReason[]];

export const errorReasonSchema = z.enum(reasons).describe('Stable; it decides code and HTTP status.');

export const wireErrorSchema = z
  .object({
    reason: errorReasonSchema,
    message: z.string().describe('For people. May change at any time.'),
    param: z.string().exactOptional().describe('The request field at fault.'),
    retryAfterMs: z.number().min(0).exactOptional(),
    shouldRetry: z.boolean().exactOptional().describe("False: a client's own retry cannot help."),
    resubmit: z.boolean().exactOptional().describe('True: no attempt has begun.'),
    headers: headersField.exactOptional().describe('Headers of the answer; names in lower case.'),
  })
  .readonly();
