import * as z from 'zod';
import { nameField } from '../config/fields.ts';
import { attemptOutcomes, usageQualities } from '../usage.ts';
import { usageEventTypes } from '../usage-event.ts';
import {
  countField,
  durationMsField,
  epochMsField,
  positionField,
  requestIdField,
  traceparentField,
} from './wire-fields.ts';

const lane = countField.exactOptional();

export const usageSchema = z
  .object({
    inputText: lane,
    cacheRead: lane,
    cacheWrite5m: lane,
    cacheWrite1h: lane,
    inputAudio: lane,
    inputImage: lane,
    outputText: lane,
    outputReasoning: lane,
    outputAudio: lane,
    inputTotal: lane,
    outputTotal: lane,
  })
  .readonly()
  .describe('Tokens by lane. Lanes are disjoint. An absent lane is unknown, not zero.');

const startedShape = {
  requestId: requestIdField,
  attempt: positionField,
  run: z.string().min(1).describe('Tells two runs of one attempt apart.'),
  org: nameField,
  team: nameField,
  key: nameField,
  route: nameField,
  api: z.string(),
  upstream: nameField,
  target: nameField,
  provider: z.string(),
  modelRequested: z.string(),
  startedAt: epochMsField,
  deadline: epochMsField,
  estimatedInput: countField.exactOptional().describe('Input tokens. Absent: unknown.'),
  stream: z.boolean(),
};

export const attemptStartedSchema = z
  .object(startedShape)
  .readonly()
  .describe('The durable intent, acknowledged before the first byte reaches the client.');

export const attemptFinalSchema = z
  .object({
    ...startedShape,
    revision: countField.describe('0 estimated, 1 reported, 2 and above corrections. The highest wins.'),
    quality: z.enum(usageQualities),
    outcome: z.enum(attemptOutcomes),
    usage: usageSchema,
    modelServed: z.string().exactOptional(),
    status: z.int().exactOptional().describe('HTTP status of the upstream. Absent: there was none.'),
    providerRequestId: z.string().exactOptional(),
    reason: z.string().exactOptional().describe('Error reason when the attempt failed.'),
    firstByteMs: durationMsField.exactOptional(),
    totalMs: durationMsField,
    deliveredBytes: countField,
  })
  .readonly()
  .describe('What an attempt used. It repeats the intent, so that it can be read alone.');

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md */
const cloudEventShape = {
  specversion: z.literal('1.0'),
  source: z.string().min(1).describe('The installation. Source and id together are unique.'),
  id: z.string().min(1).describe('Deterministic: one fact has one id, whoever emits it.'),
  subject: nameField.describe('The org that is billed.'),
  time: z.iso.datetime().describe('Start of the attempt, UTC.'),
  datacontenttype: z.literal('application/json'),
  partitionkey: nameField,
  traceparent: traceparentField.exactOptional(),
};

export const startedEventSchema = z
  .object({
    ...cloudEventShape,
    type: z.literal(usageEventTypes.started),
    data: attemptStartedSchema,
  })
  .readonly();

export const finalEventSchema = z
  .object({
    ...cloudEventShape,
    type: z.literal(usageEventTypes.final),
    data: attemptFinalSchema,
  })
  .readonly();

export const usageEventSchema = z.discriminatedUnion('type', [startedEventSchema, finalEventSchema]);

/** What one message of the USAGE stream holds. */
export const usageEventsSchema = z.array(usageEventSchema).readonly();
