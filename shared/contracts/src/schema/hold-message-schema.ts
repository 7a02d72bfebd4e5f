import * as z from 'zod';

export const holdMessageSchema = z
  .object({
    v: z.literal(1),
    kind: z
      .enum(['extend', 'finish', 'release'])
      .describe(
        'extend: still running; finish: over, its usage comes by the ledger; release: over, and nothing was used.',
      ),
    ids: z.array(z.string()).readonly().describe('Request ids.'),
  })
  .readonly()
  .describe('What policy is told of requests that hold something in its limit store.');
