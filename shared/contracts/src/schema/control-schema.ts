import * as z from 'zod';
import { controlKinds } from '../control.ts';
import { uint32Field } from './wire-fields.ts';

export const controlMessageSchema = z
  .object({
    kind: z.literal(Object.values(controlKinds)),
    tag: uint32Field.describe('The stream; 0 for keep-alive, and for a cancel of every attempt.'),
    bytes: uint32Field.describe('Body bytes taken since the stream began, modulo 2^32; 0 unless credit.'),
    frames: uint32Field.describe('Data frames taken since the stream began, modulo 2^32; 0 unless credit.'),
    about: z
      .string()
      .regex(/^[\x20-\x7e]*$/)
      .describe('Request id of credit and cancel; instance of the ingress for keep-alive.'),
  })
  .readonly();
