import type { ImportedBook, ImportedPrice, LanePrices, PriceTierConfig, SkippedPrice } from '@weir/contracts';

/** Collects what a catalogue has; the same catalogue in another order gives the same book. */
export interface CatalogueReader {
  /** A price is kept once; another one of the same name is skipped. */
  add(entry: string, price: ImportedPrice): void;
  skip(entry: string, reason: string, field?: string): void;
  finish(): ImportedBook;
}

const longestModel = 256;

const inOrder = (left: string, right: string): number => (left === right ? 0 : left < right ? -1 : 1);

export const createCatalogueReader = (source: string): CatalogueReader => {
  const models = new Map<string, { entry: string; price: ImportedPrice }>();
  const skipped: SkippedPrice[] = [];
  const skip = (entry: string, reason: string, field?: string): void => {
    skipped.push(field === undefined ? { entry, reason } : { entry, field, reason });
  };
  return {
    skip,
    add: (entry, price) => {
      const known = models.get(price.model);
      // Its own name would make it a pattern.
      if (price.model.includes('*')) skip(entry, 'the name has a star');
      else if (price.model.length > longestModel) skip(entry, `the name is longer than ${longestModel}`);
      else if (known === undefined) models.set(price.model, { entry, price });
      else skip(entry, `${known.entry} is ${price.model} already`);
    },
    finish: () => ({
      v: 1,
      source,
      currency: 'USD',
      models: [...models.values()]
        .map(({ price }) => price)
        .sort((left, right) => inOrder(left.model, right.model)),
      skipped: skipped.toSorted(
        (left, right) => inOrder(left.entry, right.entry) || inOrder(left.field ?? '', right.field ?? ''),
      ),
    }),
  };
};

export type JsonObject = Readonly<Record<string, unknown>>;

export const asObject = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};

/** The number as it was written: what JSON.parse made of it has the same shortest text. */
export const numberText = (value: unknown): string | undefined =>
  typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : undefined;

/** Whether it is a whole number above 0. */
export const isPositive = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) > 0;

/** By rising threshold. */
export const toTiers = (
  byThreshold: ReadonlyMap<number, LanePrices>,
  bound: PriceTierConfig['bound'],
): readonly PriceTierConfig[] =>
  [...byThreshold]
    .sort(([left], [right]) => left - right)
    .map(([above, prices]) => ({ above, bound, ...prices }));
