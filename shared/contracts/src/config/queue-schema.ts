import * as z from 'zod';
import { countField, durationField } from './fields.ts';

/** Words for the priorities in common use. */
const priorityWords = { critical: 0, high: 2, normal: 5, low: 8 } as const;

type PriorityWord = keyof typeof priorityWords;

export const priorityField = z
  .union([z.int().min(0).max(9), z.enum(Object.keys(priorityWords) as [PriorityWord, ...PriorityWord[]])])
  .transform((priority) => (typeof priority === 'number' ? priority : priorityWords[priority]))
  .describe('Place in the queue: 0 to 9, 0 is served first; critical is 0, high 2, normal 5, low 8.');

const mebibyte = 1_048_576;

export const queueSchema = z.strictObject({
  maxRunningPerTarget: z
    .int()
    .min(1)
    .max(1_000_000)
    .exactOptional()
    .describe('Attempts under way at one target from which on it is busy.'),
  maxPendingTokensPerTarget: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .exactOptional()
    .describe('Input tokens without a first byte at one target from which on it is busy.'),
  maxWaiting: countField(0, 100_000, 1_000).describe('Most requests that wait; 0 refuses them at once.'),
  maxWaitingBytes: countField(0, 1_024 * mebibyte, 64 * mebibyte).describe('Memory of the bodies that wait.'),
  maxTenantShare: z.number().positive().max(1).default(0.5).describe('Share of maxWaiting for one tenant.'),
  timeoutMs: durationField(30_000).describe('How long a request waits before it is refused.'),
});
