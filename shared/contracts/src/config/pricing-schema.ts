import * as z from 'zod';
import { decimalField, nameField, patternField } from './fields.ts';
import { thousandfold } from './thousandfold.ts';

/** A price is a whole number of pico-units per token: nothing is rounded before the sum. */
const priceField = (decimals: number) =>
  decimalField
    .refine(
      (text) => new RegExp(`^\\d+(\\.\\d{1,${decimals}}0*)?$`).test(text),
      `a price with at most ${decimals} decimals`,
    )
    .exactOptional();

const price = priceField(6);
const pricePer1k = priceField(9);

export const laneFields = {
  inputPerMillion: price,
  outputPerMillion: price,
  cacheReadPerMillion: price,
  cacheWritePerMillion: price,
  cacheWrite1hPerMillion: price,
  reasoningPerMillion: price,
  inputAudioPerMillion: price,
  outputAudioPerMillion: price,
  inputImagePerMillion: price,
};

/** Some write prices per thousand tokens. */
const perThousand = {
  inputPer1k: pricePer1k.describe('Instead of inputPerMillion.'),
  outputPer1k: pricePer1k.describe('Instead of outputPerMillion.'),
};

interface PerThousand {
  readonly inputPer1k?: string;
  readonly outputPer1k?: string;
  readonly inputPerMillion?: string;
  readonly outputPerMillion?: string;
}

const hasOneOfEach = (prices: PerThousand): boolean =>
  !(prices.inputPer1k !== undefined && prices.inputPerMillion !== undefined) &&
  !(prices.outputPer1k !== undefined && prices.outputPerMillion !== undefined);

const oneOfEach = 'a price per thousand or per million, not both';

const toPerMillion = <Prices extends PerThousand>({
  inputPer1k,
  outputPer1k,
  ...rest
}: Prices): Omit<Prices, 'inputPer1k' | 'outputPer1k'> => ({
  ...rest,
  ...(inputPer1k === undefined ? {} : { inputPerMillion: thousandfold(inputPer1k) }),
  ...(outputPer1k === undefined ? {} : { outputPerMillion: thousandfold(outputPer1k) }),
});

export const timeField = z.iso.datetime({ offset: true, error: 'a time such as 2027-01-31T00:00:00Z' });

export const tierSchema = z.strictObject({
  above: z.int().min(1).describe('Tokens of the whole prompt.'),
  bound: z.enum(['gt', 'gte']).default('gt'),
  ...laneFields,
});

const modelSchema = z
  .strictObject({
    model: patternField.describe('Name or pattern of a model, or of provider/model.'),
    org: nameField.exactOptional(),
    priority: z.int().default(0),
    from: timeField.exactOptional(),
    until: timeField.exactOptional(),
    ...laneFields,
    ...perThousand,
    tiers: z.array(tierSchema).default([]),
    tierMode: z.enum(['whole', 'marginal']).default('whole'),
  })
  .refine(hasOneOfEach, oneOfEach)
  .transform(toPerMillion);

const defaultSchema = z
  .strictObject({ ...laneFields, ...perThousand })
  .refine(hasOneOfEach, oneOfEach)
  .transform(toPerMillion);

export const pricingSchema = z
  .strictObject({
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'a currency such as USD')
      .default('USD'),
    onMissing: z.enum(['allow', 'deny', 'default']).default('allow').describe('Models without a price.'),
    default: defaultSchema.exactOptional(),
    models: z.array(modelSchema).default([]),
  })
  .refine(({ onMissing, default: prices }) => onMissing !== 'default' || prices !== undefined, {
    path: ['default'],
    error: 'prices, since onMissing is default',
  });
