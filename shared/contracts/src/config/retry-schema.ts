import * as z from 'zod';
import { countField, durationField, nameField, optionalDurationField, patternField } from './fields.ts';
import { type FallbackUpstreamConfig, retryConditions } from './retry-config.ts';

const failureStatusField = z.int().min(400).max(599);

export const retrySchema = z
  .strictObject({
    attempts: countField(1, 10, 3).describe('Attempts in total, the first included.'),
    backoffMs: durationField(50).describe('Pause before the second attempt; it doubles from there.'),
    maxBackoffMs: durationField(1000).describe('Longest pause.'),
    on: z.array(z.enum(retryConditions)).exactOptional().describe('Which failures are tried again.'),
    statusCodes: z
      .array(failureStatusField)
      .min(1)
      .exactOptional()
      .describe('Statuses of retriable-status-codes.'),
    perTryTimeoutMs: optionalDurationField.describe("To the first byte of an attempt's answer."),
    timeoutMs: optionalDurationField.describe('For all attempts, until one has the first byte of an answer.'),
    budget: z
      .strictObject({
        percent: z.number().min(0).max(100).default(20).describe('Most retries, in percent of the requests.'),
        minRetries: countField(0, 1_000_000, 3).describe('Retries in ten seconds that are always allowed.'),
      })
      .exactOptional()
      .describe('Bounds what retries add to the load. None unless given.'),
  })
  .refine(
    ({ on, statusCodes }) =>
      (statusCodes !== undefined) === (on?.includes('retriable-status-codes') ?? false),
    'both `statusCodes` and `retriable-status-codes` in `on`, or neither',
  )
  .refine(
    ({ perTryTimeoutMs, timeoutMs }) =>
      perTryTimeoutMs === undefined || timeoutMs === undefined || perTryTimeoutMs < timeoutMs,
    'a `perTryTimeoutMs` below `timeoutMs`, which is for all attempts',
  );

const fallbackUpstreamSchema = z.union([
  nameField.transform((upstream): FallbackUpstreamConfig => ({ upstream, modelMapping: {} })),
  z.strictObject({
    upstream: nameField,
    modelMapping: z
      .record(patternField, z.string().min(1).max(256))
      .default({})
      .describe("The client's model name, or a pattern of it, to the name to ask this upstream for."),
  }),
]);

const triggersSchema = z.strictObject({
  onHealthFailure: z
    .boolean()
    .default(true)
    .describe('No target within reach, or attempts without an answer.'),
  onSaturated: z.boolean().default(false).describe('Every target at its limit of requests.'),
  onLatencyThresholdMs: optionalDurationField.describe('No first byte for so long.'),
  onErrorCodes: z.array(failureStatusField).default([]).describe('Statuses that are not tried again.'),
  onBudgetExhausted: z
    .boolean()
    .default(false)
    .describe("A budget is used up. The route's own are not charged for what goes to the fallback then."),
});

export const fallbackSchema = z.strictObject({
  upstreams: z.array(fallbackUpstreamSchema).min(1).max(64).describe('The preferred first.'),
  triggers: triggersSchema.prefault({}),
});
