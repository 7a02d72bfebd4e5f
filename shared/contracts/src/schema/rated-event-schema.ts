import * as z from 'zod';
import { priceLanes, ratedEventType, ratingStatuses } from '../rated-event.ts';
import { cloudEventShape } from './cloud-event-shape.ts';
import { attemptFinalSchema } from './usage-event-schema.ts';
import { countField, epochMsField, positionField } from './wire-fields.ts';

const nanoField = z
  .string()
  .regex(/^-?\d+$/)
  .describe('10^-9 of the currency, a decimal integer. May be larger than a double can hold.');

const hashField = z.string().regex(/^[0-9a-f]{64}$/);

export const ratingSchema = z
  .object({
    status: z
      .enum(ratingStatuses)
      .describe(
        'rated; unpriced: there is no price yet, so it counts as 0; unknown: nobody knows what was used.',
      ),
    amountNano: nanoField.describe('What the provider is owed for the whole attempt, as of this revision.'),
    chargeNano: nanoField.describe('What the tenant is billed for it.'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .describe('ISO 4217.'),
    priceId: z.string().exactOptional().describe('Hash of the price that applied.'),
    priceModel: z.string().exactOptional().describe("The price's model pattern."),
    tier: z.string().exactOptional().describe('`base`, or the threshold that applied: `above_200000`.'),
    lanesNano: z
      .partialRecord(z.enum(priceLanes), nanoField)
      .readonly()
      .exactOptional()
      .describe('The amount by lane; adds up to amountNano.'),
    problem: z.string().exactOptional().describe('Why it is unpriced: `no_price`, `no_lane_price:<lane>`.'),
  })
  .readonly()
  .describe('What usage costs.');

export const ratedDeltaSchema = z
  .object({
    amountNano: nanoField,
    chargeNano: nanoField,
    inputTokens: z.int(),
    outputTokens: z.int(),
    requests: z.int().describe('1 on the first record of an attempt that ends its request, 0 on all others.'),
    previousRevision: countField.exactOptional().describe('Absent: this is the first record of the attempt.'),
  })
  .readonly()
  .describe('The difference to the record before it of the same attempt: add these up.');

export const ledgerSourceSchema = z
  .object({ sequence: positionField, part: countField })
  .readonly()
  .describe('The event at `part`, from 0, of the batch at `sequence` of stream USAGE.');

export const ratedUsageSchema = z
  .object({
    ...attemptFinalSchema.unwrap().shape,
    ratingNumber: countField.describe('Above 0: rated again, by other prices.'),
    rating: ratingSchema,
    delta: ratedDeltaSchema,
    source: ledgerSourceSchema,
  })
  .readonly();

export const ratedEventSchema = z
  .object({ ...cloudEventShape, type: z.literal(ratedEventType), data: ratedUsageSchema })
  .readonly()
  .describe('A record of the ledger.');

export const ledgerCommitSchema = z
  .object({
    v: z.literal(1),
    sourceEpoch: z.iso.datetime().describe('When the USAGE stream was created.'),
    from: countField.describe('The unit covers the USAGE messages after this one,'),
    to: countField.describe('up to and with this one.'),
    started: countField,
    records: countField,
    duplicates: countField,
    poison: countField,
    lowWater: countField.describe('USAGE sequence before that of the oldest intent without an account.'),
    openIntents: countField,
    latestStart: epochMsField.exactOptional().describe('Latest start of all records up to here.'),
    hash: hashField.describe("SHA-256 of previousHash and the unit's records, in order."),
    previousHash: hashField,
    by: z.string().describe('Writer, for people.'),
    at: epochMsField,
  })
  .readonly()
  .describe('The last message of a unit of records; it says what they cover.');
