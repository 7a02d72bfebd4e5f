import * as z from 'zod';
import { canaryChanges, canaryEventType } from '../canary-event.ts';
import { canaryPhases, canaryReasons } from '../canary-state.ts';
import { nameField } from '../config/fields.ts';
import { cloudEventShape } from './cloud-event-shape.ts';
import { countField, epochMsField, instanceField } from './wire-fields.ts';

const outcomesShape = {
  answers: countField.describe('Attempts that ended.'),
  failures: countField.describe('Those of them that failed.'),
  firstBytes: countField.describe('First bytes that came, or are overdue.'),
  slow: countField.describe('Those of them that took longer than the canary may.'),
};

const revisionField = z
  .string()
  .regex(/^[0-9a-f]{16}$/)
  .describe("Of the canary's configuration.");

export const canaryOutcomesSchema = z.object(outcomesShape).readonly();

export const outcomeCountsSchema = z
  .object({ route: nameField, revision: revisionField, ...outcomesShape })
  .readonly();

export const outcomeReportSchema = z
  .object({
    v: z.literal(1),
    instance: instanceField,
    epoch: epochMsField.describe('Start of the instance. A new value: the counts began anew.'),
    counts: z.array(outcomeCountsSchema).readonly(),
  })
  .readonly();

const stateShape = {
  route: nameField,
  revision: revisionField,
  stable: nameField.describe('Upstream that gets the rest.'),
  canary: nameField.describe('Upstream on trial.'),
  phase: z.enum(canaryPhases),
  step: countField.describe('From 0.'),
  weight: z.number().min(0).max(100).describe('Percent of the requests.'),
  since: epochMsField.describe('When the step, or the phase, began.'),
  reason: z.enum(canaryReasons).exactOptional().describe('Absent: the step came in its turn.'),
  seen: canaryOutcomesSchema.exactOptional().describe('What it was judged by.'),
};

export const canaryStateSchema = z.object({ v: z.literal(1), ...stateShape }).readonly();

export const canaryChangedSchema = z.object({ change: z.enum(canaryChanges), ...stateShape }).readonly();

export const canaryEventSchema = z
  .object({
    ...cloudEventShape,
    subject: nameField.describe('The route.'),
    type: z.literal(canaryEventType),
    data: canaryChangedSchema,
  })
  .readonly()
  .describe('The canary of a route gets another share of its requests.');
