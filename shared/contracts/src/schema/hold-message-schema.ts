import * as z from 'zod';
import { positionField } from './wire-fields.ts';

export const holdMessageSchema = z
  .object({
    v: z.literal(1),
    kind: z
      .enum(['extend', 'finish', 'release'])
      .describe(
        'extend: still running; finish: over, its usage comes by the ledger; release: over, and nothing was used.',
      ),
    ids: z.array(z.string()).readonly().describe('Request ids.'),
    accounts: positionField
      .exactOptional()
      .describe('Of finish: accounts of each request that are waited for. Absent: the one that ends it.'),
  })
  .readonly()
  .describe('What policy is told of requests that hold something in its limit store.');
