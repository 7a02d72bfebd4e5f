import type {
  ImportedBook,
  ImportedPrice,
  LanePrices,
  ModelPriceConfig,
  PricingConfig,
} from '@weir/contracts';
import { toPicoPerToken } from './decimal.ts';
import type { Price } from './price.ts';
import { priceId, type Sha256Hex } from './price-id.ts';
import { buildShelf, type PriceShelf } from './price-shelf.ts';
import { laneFields, toRateCard, toServiceTiers } from './rate-card.ts';

/** All prices of a mesh, ready to be looked up. */
export interface PriceBook {
  /** ISO 4217. */
  readonly currency: string;
  /** See `PricingConfig`: what becomes of a model without a price. */
  readonly onMissing: PricingConfig['onMissing'];
  /** Price of models that have none. Present when `onMissing` is `default`. */
  readonly fallback?: Price;
  /** Prices of the configuration for one organisation. They go before all others. */
  readonly ofOrg: ReadonlyMap<string, PriceShelf>;
  /** Those for everybody: of the configuration, then of each catalogue. */
  readonly forAll: readonly PriceShelf[];
}

export type BuiltPriceBook =
  | { readonly outcome: 'built'; readonly book: PriceBook }
  /** Sentences for the log. */
  | { readonly outcome: 'invalid'; readonly problems: readonly string[] };

export interface PriceBookSource {
  readonly config: PricingConfig;
  /** Catalogues, the one that goes before the others first. */
  readonly imported?: readonly ImportedBook[];
  /** SHA-256 of a text in UTF-8, as hex digits. */
  readonly sha256Hex: Sha256Hex;
}

const lanesOf = function* (prices: LanePrices): Generator<string> {
  for (const field of laneFields) {
    const price = prices[field];
    if (price !== undefined && toPicoPerToken(price) === undefined) yield `${field} ${JSON.stringify(price)}`;
  }
};

const unreadable = (place: string, entry: ImportedPrice): string[] =>
  [entry, ...entry.tiers, ...Object.values(entry.serviceTiers ?? {}).flatMap((one) => [one, ...one.tiers])]
    .flatMap((prices) => [...lanesOf(prices)])
    .map((found) => `${place}, model ${JSON.stringify(entry.model)}: ${found} has more than 6 decimals`);

const problemsOf = ({ config, imported = [] }: PriceBookSource): string[] => [
  ...config.models.flatMap((entry) => unreadable('pricing', entry)),
  ...(config.default ? unreadable('pricing', { ...defaultEntry, ...config.default }) : []),
  ...imported.flatMap((book) =>
    book.currency === config.currency
      ? book.models.flatMap((entry) => unreadable(`catalogue ${book.source}`, entry))
      : [`catalogue ${book.source} is in ${book.currency}, and pricing.currency is ${config.currency}`],
  ),
];

const defaultEntry: ImportedPrice = { model: 'default', priority: 0, tiers: [], tierMode: 'whole' };

/** Computes everything that a lookup needs once, the hash of each price too. Independent of the order of the models. */
export const buildPriceBook = (source: PriceBookSource): BuiltPriceBook => {
  const { config, imported = [], sha256Hex } = source;
  const problems = problemsOf(source);
  if (problems.length > 0) return { outcome: 'invalid', problems };
  const toPrice = (entry: ImportedPrice, org?: string): Price => {
    const price = {
      model: entry.model,
      card: toRateCard(entry),
      serviceTiers: toServiceTiers(entry),
      ...(entry.maxOutputTokens === undefined ? {} : { maxOutputTokens: entry.maxOutputTokens }),
    };
    return { id: priceId(price, { currency: config.currency, org }, sha256Hex), ...price };
  };
  const shelve = (entries: readonly (ModelPriceConfig | ImportedPrice)[], org?: string): PriceShelf =>
    buildShelf(entries.map((entry) => ({ entry, price: toPrice(entry, org) })));
  const byOrg = Map.groupBy(config.models, ({ org }) => org);
  const ofOrg = [...byOrg].flatMap(([org, entries]) =>
    org === undefined ? [] : [[org, shelve(entries, org)] as const],
  );
  return {
    outcome: 'built',
    book: {
      currency: config.currency,
      onMissing: config.onMissing,
      ...(config.onMissing === 'default' && config.default
        ? { fallback: toPrice({ ...defaultEntry, ...config.default }) }
        : {}),
      ofOrg: new Map(ofOrg),
      forAll: [shelve(byOrg.get(undefined) ?? []), ...imported.map(({ models }) => shelve(models))],
    },
  };
};
