import * as z from 'zod';
import { nameField } from '../config/fields.ts';
import { traceparentField } from './wire-fields.ts';

/** What all events have. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md */
export const cloudEventShape = {
  specversion: z.literal('1.0'),
  source: z.string().min(1).describe('The installation. Source and id together are unique.'),
  id: z.string().min(1).describe('Deterministic: one fact has one id, whoever emits it.'),
  subject: nameField.describe('The org that is billed.'),
  time: z.iso.datetime().describe('When it began, UTC.'),
  datacontenttype: z.literal('application/json'),
  partitionkey: nameField,
  traceparent: traceparentField.exactOptional(),
};
