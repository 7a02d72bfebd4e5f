import type {
  ImportedBook,
  ImportedPrice,
  LanePrices,
  PriceTierConfig,
  ServiceTierPrices,
} from '@weir/contracts';
import {
  asObject,
  type CatalogueReader,
  createCatalogueReader,
  isPositive,
  type JsonObject,
  numberText,
  toTiers,
} from './catalogue.ts';
import { perTokenToPico, toPerMillion } from './decimal.ts';

/** USD per token: model_prices_and_context_window.json of LiteLLM. */
const fields: Readonly<Record<string, keyof LanePrices>> = {
  input_cost_per_token: 'inputPerMillion',
  output_cost_per_token: 'outputPerMillion',
  cache_read_input_token_cost: 'cacheReadPerMillion',
  cache_creation_input_token_cost: 'cacheWritePerMillion',
  cache_creation_input_token_cost_above_1hr: 'cacheWrite1hPerMillion',
  output_cost_per_reasoning_token: 'reasoningPerMillion',
  input_cost_per_audio_token: 'inputAudioPerMillion',
  output_cost_per_audio_token: 'outputAudioPerMillion',
  input_cost_per_image_token: 'inputImagePerMillion',
};

const serviceTierNames: Readonly<Record<string, string>> = {
  batches: 'batch',
  flex: 'flex',
  priority: 'priority',
};

/** `<price>[_above_<n>k_tokens][_<service tier>]` */
const fieldPattern = new RegExp(
  `^(${Object.keys(fields).join('|')})(?:_above_(\\d+)k_tokens)?(?:_(${Object.keys(serviceTierNames).join('|')}))?$`,
);

type Lanes = Partial<Record<keyof LanePrices, string>>;

/** Prices by service tier (`''` is none), then by threshold (0 is none). */
type PricesRead = Map<string, Map<number, Lanes>>;

const lanesAt = (prices: PricesRead, serviceTier: string, above: number): Lanes => {
  const byThreshold = prices.get(serviceTier) ?? new Map<number, Lanes>();
  const lanes = byThreshold.get(above) ?? {};
  prices.set(serviceTier, byThreshold.set(above, lanes));
  return lanes;
};

type Skip = (reason: string, field: string) => void;

/** Also what changes a price, so that it is listed as skipped. */
const isPriceField = (name: string): boolean =>
  /cost|pricing|multiplier|off_peak|provider_specific/.test(name);

/** False: it is the price of a token, and cannot be read. */
const readField = (prices: PricesRead, name: string, value: unknown, skip: Skip, least = 0): boolean => {
  const [, price = '', thousands = '0', suffix = ''] = fieldPattern.exec(name) ?? [];
  const field = fields[price];
  if (field === undefined) {
    skip('no price of a token that is known here', name);
    return true;
  }
  const pico = perTokenToPico(numberText(value) ?? '');
  if (pico === undefined) {
    skip(`no whole number of pico-USD per token: ${JSON.stringify(value)}`, name);
    return false;
  }
  const above = Math.max(least, Number(thousands) * 1_000);
  lanesAt(prices, serviceTierNames[suffix] ?? '', above)[field] = toPerMillion(pico);
  return true;
};

/** `tiered_pricing: [{ range: [from, to], input_cost_per_token, … }]`; the first range begins at 0. */
const readRange = (prices: PricesRead, range: JsonObject, place: string, skip: Skip): boolean => {
  const bounds = range['range'];
  const from: unknown = Array.isArray(bounds) ? bounds[0] : undefined;
  if (!Number.isSafeInteger(from) || Number(from) < 0) {
    skip('no range of tokens', place);
    return false;
  }
  const skipHere: Skip = (reason, name) => skip(reason, `${place}.${name}`);
  return Object.entries(range)
    .filter(([name, price]) => price !== null && isPriceField(name))
    .every(([name, price]) => readField(prices, name, price, skipHere, Number(from)));
};

/** Undefined: some price of it cannot be read, and without that one the others would be wrong. */
const readPrices = (reader: CatalogueReader, entry: string, value: JsonObject): PricesRead | undefined => {
  const prices: PricesRead = new Map();
  const skip: Skip = (reason, field) => reader.skip(entry, reason, field);
  let isReadable = true;
  for (const [name, price] of Object.entries(value)) {
    if (price === null || !isPriceField(name)) continue;
    const wasRead =
      name === 'tiered_pricing' && Array.isArray(price)
        ? price.every((range, position) => readRange(prices, asObject(range), `${name}[${position}]`, skip))
        : readField(prices, name, price, skip);
    isReadable &&= wasRead;
  }
  return isReadable ? prices : undefined;
};

const withTiers = (
  byThreshold: ReadonlyMap<number, Lanes> | undefined,
  bound: PriceTierConfig['bound'],
): ServiceTierPrices => {
  const { 0: first, ...rest } = Object.fromEntries(byThreshold ?? []);
  const tiers = new Map(Object.entries(rest).map(([above, lanes]) => [Number(above), lanes]));
  return { ...first, tiers: toTiers(tiers, bound) };
};

const toPrice = (provider: string, model: string, prices: PricesRead, output: unknown): ImportedPrice => {
  // LiteLLM counts a threshold of xAI as passed by a prompt of that very size.
  const bound = provider === 'xai' ? 'gte' : 'gt';
  const services = [...prices].filter(([name]) => name !== '');
  return {
    model,
    priority: 0,
    ...withTiers(prices.get(''), bound),
    tierMode: 'whole',
    ...(services.length === 0
      ? {}
      : {
          serviceTiers: Object.fromEntries(
            services.map(([name, byThreshold]) => [name, withTiers(byThreshold, bound)]),
          ),
        }),
    ...(isPositive(output) ? { maxOutputTokens: output } : {}),
  };
};

/** Takes over LiteLLM's catalogue, parsed. Models get their provider in front: who hosts a model makes its price. */
export const importLiteLlm = (json: unknown): ImportedBook => {
  const reader = createCatalogueReader('litellm');
  for (const [entry, whole] of Object.entries(asObject(json))) {
    const value = asObject(whole);
    const provider = value['litellm_provider'];
    if (entry === 'sample_spec') reader.skip(entry, 'an example');
    else if (typeof provider !== 'string' || provider === '') reader.skip(entry, 'no litellm_provider');
    else {
      const prices = readPrices(reader, entry, value);
      const model = entry.startsWith(`${provider}/`) ? entry : `${provider}/${entry}`;
      if (prices === undefined) continue;
      if (prices.get('')?.get(0) === undefined) reader.skip(entry, 'no price per token');
      else reader.add(entry, toPrice(provider, model, prices, value['max_output_tokens']));
    }
  }
  return reader.finish();
};
