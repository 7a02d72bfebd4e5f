import * as z from 'zod';

const engineMetricsFields = z.strictObject({
  path: z
    .string()
    .regex(/^\/[!-~]{0,255}$/, 'a path that begins with a slash')
    .default('/metrics')
    .describe("Where the engine shows its metrics, behind the target's URL."),
  intervalMs: z.int().min(100).max(10_000).default(500).describe('Between two questions.'),
});

export const engineMetricsField = z
  .union([z.literal(false), engineMetricsFields])
  .exactOptional()
  .describe('Whether and how adapters read the load of vLLM, SGLang, TGI or llama.cpp; false: never.');

export const maxRequestsPerTargetField = z
  .int()
  .min(1)
  .max(1_000_000)
  .exactOptional()
  .describe('Requests that one adapter has at one target at a time; one more goes to another.');
