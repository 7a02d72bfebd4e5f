import * as z from 'zod';
import { nameField } from '../config/fields.ts';
import { cloudEventShape } from './cloud-event-shape.ts';
import { countField } from './wire-fields.ts';

/** Readers of the trail need these; more may be there. */
export const auditEventSchema = z
  .object({
    ...cloudEventShape,
    type: z.literal('io.weir.audit.v1'),
    data: z
      .object({
        kind: z.enum(['org', 'team', 'key', 'book']),
        org: nameField.describe('`_`: it belongs to none.'),
        team: nameField.exactOptional(),
        key: nameField.exactOptional(),
        book: z.string().exactOptional().describe('Name of the price book.'),
        state: z
          .record(z.string(), z.unknown())
          .describe('What stands there now. Never a secret or its hash.'),
        bucket: z.string(),
        revision: countField.describe('Of the bucket; the id is made of it.'),
        action: z.enum(['created', 'updated', 'rotated', 'revoked', 'deleted']),
        by: z.string().describe('Name of the admin credential.'),
        request: z.string().describe('Request id of the admin call.'),
      })
      .readonly(),
  })
  .readonly()
  .describe('A change of an organisation, a team, a key or a price book.');
