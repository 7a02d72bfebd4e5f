import * as z from 'zod';
import { countField, durationField, optionalDurationField } from './fields.ts';
import { splitKeyField } from './traffic-schema.ts';

const dayMs = 86_400_000;

const stepSchema = z.strictObject({
  weight: z.number().gt(0).max(100).describe('Percent of the requests.'),
  holdMs: z.int().min(1).max(dayMs).describe('Shortest time before the next step.'),
});

const rollbackSchema = z.strictObject({
  errorRate: z.number().min(0).max(1).default(0.05).describe('Fraction of the attempts that may fail.'),
  latencyMs: optionalDurationField.describe('Longest time to first byte at latencyQuantile.'),
  latencyQuantile: z.number().gt(0).lt(1).default(0.95),
  minRequests: countField(1, 1_000_000, 50).describe('Fewer attempts say nothing, good or bad.'),
  windowMs: durationField(60_000).describe('How long an attempt counts after its end.'),
});

const rises = (steps: readonly { readonly weight: number }[]): boolean =>
  steps.every(({ weight }, at) => at === 0 || weight > (steps[at - 1]?.weight ?? 0));

export const canarySchema = z.strictObject({
  stable: z.string().describe('Upstream that gets the rest.'),
  canary: z.string().describe('Upstream on trial.'),
  splitBy: splitKeyField.exactOptional().describe('Whose requests stay together; request unless given.'),
  steps: z.array(stepSchema).min(1).max(32).refine(rises, 'weights that rise from step to step'),
  rollback: rollbackSchema.prefault({}),
});
