import * as z from 'zod';
import { countField, epochMsField } from './wire-fields.ts';

const amountField = z
  .string()
  .regex(/^-?\d+$/)
  .describe('In the unit of the counter; money in 10^-9.');

export const budgetsQuestionSchema = z
  .object({
    counters: z.array(z.string()).max(500).readonly().describe("Counters' texts."),
    holds: z.boolean().exactOptional().describe('Holds are listed, too.'),
  })
  .readonly();

const holdSchema = z
  .object({ id: z.string().describe('Request id.'), amount: amountField, expiresAt: epochMsField })
  .readonly();

const counterStateSchema = z
  .object({
    counter: z.string(),
    spent: amountField,
    held: amountField,
    holds: z.array(holdSchema).readonly().exactOptional(),
    complete: z.boolean().exactOptional().describe('False: there are more holds than are listed.'),
  })
  .readonly();

export const budgetsAnswerSchema = z
  .object({
    counters: z.array(counterStateSchema).readonly().exactOptional(),
    watermark: countField
      .exactOptional()
      .describe('Ledger sequence that the numbers are as of. Absent: they moved while they were read.'),
    epoch: z.string().exactOptional().describe('When the ledger was created.'),
    error: z.string().exactOptional().describe('Why there are no numbers.'),
  })
  .readonly();
