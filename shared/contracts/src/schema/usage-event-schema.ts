import * as z from 'zod';
import { nameField } from '../config/fields.ts';
import { attemptOutcomes, usageQualities } from '../usage.ts';
import { usageEventTypes } from '../usage-event.ts';
import { cloudEventShape } from './cloud-event-shape.ts';
import {
  countField,
  durationMsField,
  epochMsField,
  instanceField,
  positionField,
  requestIdField,
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
  adapter: instanceField.exactOptional().describe('Instance of the adapter that runs the attempt.'),
  priceAs: z
    .string()
    .exactOptional()
    .describe('Model name to look the price up by. Absent: the served model.'),
  charges: z.array(z.string()).readonly().exactOptional().describe('Budget counters that are charged.'),
};

export const attemptStartedSchema = z
  .object(startedShape)
  .readonly()
  .describe('The durable intent, stored before the provider is called.');

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
    serviceTier: z.string().exactOptional().describe('As the provider served it.'),
    handedBack: z.boolean().exactOptional().describe('The request goes on as another attempt.'),
  })
  .readonly()
  .describe('What an attempt used. It repeats the intent, so that it can be read alone.');

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
