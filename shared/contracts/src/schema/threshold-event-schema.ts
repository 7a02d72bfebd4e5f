import * as z from 'zod';
import { budgetUnits } from '../budget-counter.ts';
import { nameField } from '../config/fields.ts';
import { thresholdEventType } from '../threshold-event.ts';
import { cloudEventShape } from './cloud-event-shape.ts';
import { positionField } from './wire-fields.ts';

const amountField = z.string().regex(/^\d+$/).describe('In the unit of the budget; money in 10^-9.');

export const thresholdReachedSchema = z
  .object({
    org: nameField,
    scope: z
      .string()
      .describe('Where the budget stands: `org:acme`, `team:acme/web`, `key:acme/k1`, `route:…`.'),
    budget: nameField,
    counter: z.string().describe('The counter of this budget in this period.'),
    unit: z.enum(budgetUnits),
    limit: amountField,
    thresholdPerMille: positionField.describe('Fraction of the limit: 800 is 80 %.'),
    used: amountField,
    periodStart: z.iso.datetime(),
    periodEnd: z.iso.datetime(),
    ledgerSequence: positionField.describe('The record of the ledger that reached it.'),
  })
  .readonly();

export const thresholdEventSchema = z
  .object({ ...cloudEventShape, type: z.literal(thresholdEventType), data: thresholdReachedSchema })
  .readonly()
  .describe("A budget's use has reached one of its thresholds.");
