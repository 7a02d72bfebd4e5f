import type { ImportedBook, ImportedPrice, LanePrices } from '@weir/contracts';
import {
  asObject,
  type CatalogueReader,
  createCatalogueReader,
  isPositive,
  type JsonObject,
  numberText,
  toTiers,
} from './catalogue.ts';
import { toPerMillion, toPicoPerToken } from './decimal.ts';

/** USD per million tokens: https://models.dev, api.json. */
const fields: Readonly<Record<string, keyof LanePrices>> = {
  input: 'inputPerMillion',
  output: 'outputPerMillion',
  cache_read: 'cacheReadPerMillion',
  cache_write: 'cacheWritePerMillion',
  reasoning: 'reasoningPerMillion',
  input_audio: 'inputAudioPerMillion',
  output_audio: 'outputAudioPerMillion',
};

/** Read apart, or of no price. */
const otherFields: ReadonlySet<string> = new Set(['tiers', 'tier', 'context_over_200k']);

const longContext = 200_000;

/** Undefined: some price of it cannot be read, and without that one the others would be wrong. */
const readLanes = (
  reader: CatalogueReader,
  entry: string,
  cost: unknown,
  place: string,
): LanePrices | undefined => {
  const prices: Partial<Record<keyof LanePrices, string>> = {};
  let isReadable = true;
  for (const [name, value] of Object.entries(asObject(cost))) {
    if (value === null || otherFields.has(name)) continue;
    const field = fields[name];
    const pico = toPicoPerToken(numberText(value) ?? '');
    if (field === undefined) reader.skip(entry, 'no price that is known here', place + name);
    else if (pico !== undefined) prices[field] = toPerMillion(pico);
    else {
      reader.skip(entry, `no price per token: ${JSON.stringify(value)}`, place + name);
      isReadable = false;
    }
  }
  return isReadable ? prices : undefined;
};

/** `context_over_200k` repeats what `tiers` says better, and stands alone in older versions. */
const readTiers = (
  reader: CatalogueReader,
  entry: string,
  cost: JsonObject,
): ImportedPrice['tiers'] | undefined => {
  const byThreshold = new Map<number, LanePrices>();
  const listed: readonly unknown[] = Array.isArray(cost['tiers']) ? cost['tiers'] : [];
  for (const [position, tier] of listed.entries()) {
    const { type, size } = asObject(asObject(tier)['tier']);
    const place = `tiers[${position}]`;
    if (type !== 'context' || !isPositive(size)) {
      reader.skip(entry, `no tier by the size of the prompt: ${JSON.stringify({ type, size })}`, place);
      return undefined;
    }
    const prices = readLanes(reader, entry, tier, `${place}.`);
    if (prices === undefined) return undefined;
    byThreshold.set(size, prices);
  }
  const over = cost['context_over_200k'];
  if (listed.length === 0 && over !== undefined && over !== null) {
    const prices = readLanes(reader, entry, over, 'context_over_200k.');
    if (prices === undefined) return undefined;
    byThreshold.set(longContext, prices);
  }
  return toTiers(byThreshold, 'gt');
};

/** Takes over models.dev's `api.json`, parsed. Prices of its experimental modes are not read. */
export const importModelsDev = (json: unknown): ImportedBook => {
  const reader = createCatalogueReader('models.dev');
  for (const [provider, listed] of Object.entries(asObject(json))) {
    for (const [name, value] of Object.entries(asObject(asObject(listed)['models']))) {
      const model = `${provider}/${name}`;
      const { cost, limit } = asObject(value);
      const prices = readLanes(reader, model, cost, 'cost.');
      const tiers = readTiers(reader, model, asObject(cost));
      if (prices === undefined || tiers === undefined) continue;
      if (Object.keys(prices).length === 0) {
        reader.skip(model, 'no price per token');
        continue;
      }
      const maxOutputTokens = asObject(limit)['output'];
      reader.add(model, {
        model,
        priority: 0,
        ...prices,
        tiers,
        tierMode: 'whole',
        ...(isPositive(maxOutputTokens) ? { maxOutputTokens } : {}),
      });
    }
  }
  return reader.finish();
};
