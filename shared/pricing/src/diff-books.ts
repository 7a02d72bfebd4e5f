import type { ImportedBook, ImportedPrice, PriceTierConfig } from '@weir/contracts';

/** A field that another book has another value for. */
export interface PriceChange {
  readonly model: string;
  /** Such as `inputPerMillion` or `tiers.200000.outputPerMillion`. */
  readonly field: string;
  /** Absent: it was not there. */
  readonly before?: string;
  /** Absent: it is not there any more. */
  readonly after?: string;
}

export interface BookDiff {
  /** Models, sorted. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Sorted by model and field. */
  readonly changed: readonly PriceChange[];
}

/** Tiers are told apart by their threshold, not by their position. */
const flatten = (value: unknown, path: string): readonly (readonly [string, string])[] => {
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([name, inner]) => {
    const step = Array.isArray(value) ? String((inner as PriceTierConfig).above) : name;
    return name === 'above' ? [] : flatten(inner, path === '' ? step : `${path}.${step}`);
  });
};

const changesOf = (model: string, before: ImportedPrice, after: ImportedPrice): PriceChange[] => {
  const was = new Map(flatten(before, ''));
  const now = new Map(flatten(after, ''));
  return [...new Set([...was.keys(), ...now.keys()])].sort().flatMap((field) => {
    const [old, current] = [was.get(field), now.get(field)];
    if (old === current) return [];
    return [
      {
        model,
        field,
        ...(old === undefined ? {} : { before: old }),
        ...(current === undefined ? {} : { after: current }),
      },
    ];
  });
};

const byModel = (book: ImportedBook): ReadonlyMap<string, ImportedPrice> =>
  new Map(book.models.map((price) => [price.model, price]));

/** What would change if `after` took the place of `before`. */
export const diffBooks = (before: ImportedBook, after: ImportedBook): BookDiff => {
  const [was, now] = [byModel(before), byModel(after)];
  const models = [...new Set([...was.keys(), ...now.keys()])].sort();
  return {
    added: models.filter((model) => !was.has(model)),
    removed: models.filter((model) => !now.has(model)),
    changed: models.flatMap((model) => {
      const [old, current] = [was.get(model), now.get(model)];
      return old && current ? changesOf(model, old, current) : [];
    }),
  };
};
