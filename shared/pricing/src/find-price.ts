import type { Price } from './price.ts';
import type { PriceBook } from './price-book.ts';
import { findOnShelf } from './price-shelf.ts';

/** Which price is wanted. */
export interface PriceQuestion {
  /** Name of the provider that a `provider/model` pattern means. */
  readonly provider: string;
  /** Names of the model, the one to look for first in front. */
  readonly models: readonly string[];
  readonly org: string;
  /** Start of the attempt, in milliseconds since the epoch: decides between prices of different times. */
  readonly at: number;
}

/** The price of the first name that has one, or else the default price. Undefined: there is none. */
export const findPrice = (
  book: PriceBook,
  { provider, models, org, at }: PriceQuestion,
): Price | undefined => {
  const own = book.ofOrg.get(org);
  const shelves = own ? [own, ...book.forAll] : book.forAll;
  for (const name of models) {
    for (const shelf of shelves) {
      const price = findOnShelf(shelf, { provider, name, at });
      if (price) return price;
    }
  }
  return book.fallback;
};

export interface ModelNames {
  readonly priceAs?: string;
  readonly modelServed?: string;
  readonly modelRequested: string;
}

/**
 * `priceAs` is an operator's word, so a slip in it must show, not be priced by another name. What a server calls its
 * model may mean nothing to anybody (a path, an alias): then it is priced by what was asked for.
 */
export const namesOf = ({ priceAs, modelServed, modelRequested }: ModelNames): readonly string[] => {
  if (priceAs !== undefined) return [priceAs];
  return modelServed === undefined ? [modelRequested] : [modelServed, modelRequested];
};
