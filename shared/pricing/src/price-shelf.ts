import {
  comparePatternRanks,
  type ImportedPrice,
  matchesPattern,
  type PatternRank,
  rankPattern,
} from '@weir/contracts';
import { nameVariants } from './name-variants.ts';
import type { Price } from './price.ts';

/** A price and when it holds: half-open, in milliseconds since the epoch. */
export interface ShelvedPrice {
  readonly price: Price;
  readonly from: number;
  readonly until: number;
  readonly priority: number;
}

/** Prices that none goes before: those of one organisation, or all others of the configuration, or one catalogue. */
export interface PriceShelf {
  /** Literal patterns, the price of the highest priority first. */
  readonly exact: ReadonlyMap<string, readonly ShelvedPrice[]>;
  /** Globs, in order of rank. */
  readonly globs: readonly ShelvedPrice[];
}

type Listed = Pick<ImportedPrice, 'model' | 'priority' | 'from' | 'until'>;

const toMs = (time: string | undefined, otherwise: number): number =>
  time === undefined ? otherwise : Date.parse(time);

const hasProvider = ({ price }: ShelvedPrice): boolean => price.model.includes('/');

const inOrder = (left: string, right: string): number => (left === right ? 0 : left < right ? -1 : 1);

/** Two of equal rank and priority that can meet are refused with the configuration; the order is total even so. */
const compareShelved = (left: ShelvedPrice, right: ShelvedPrice): number =>
  right.priority - left.priority ||
  Number(hasProvider(right)) - Number(hasProvider(left)) ||
  inOrder(left.price.model, right.price.model) ||
  inOrder(left.price.id, right.price.id);

export const buildShelf = (
  listed: readonly { readonly entry: Listed; readonly price: Price }[],
): PriceShelf => {
  const exact = new Map<string, ShelvedPrice[]>();
  const globs: { shelved: ShelvedPrice; rank: PatternRank }[] = [];
  for (const { entry, price } of listed) {
    const from = toMs(entry.from, Number.NEGATIVE_INFINITY);
    const until = toMs(entry.until, Number.POSITIVE_INFINITY);
    const shelved = { price, from, until, priority: entry.priority };
    const rank = rankPattern(entry.model);
    if (rank.kind !== 'exact') globs.push({ shelved, rank });
    else exact.set(entry.model, [...(exact.get(entry.model) ?? []), shelved].sort(compareShelved));
  }
  globs.sort(
    (left, right) =>
      comparePatternRanks(left.rank, right.rank) || compareShelved(left.shelved, right.shelved),
  );
  return { exact, globs: globs.map(({ shelved }) => shelved) };
};

/** A pattern without a slash speaks of names alone: `o*` is not everything of `openai/`. */
const matches = (pattern: string, provider: string, name: string): boolean =>
  matchesPattern(pattern, name) || (pattern.includes('/') && matchesPattern(pattern, `${provider}/${name}`));

export interface ShelfQuestion {
  readonly provider: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** `provider/model`, then the model, then both for each of its variants, then the globs by rank. */
export const findOnShelf = (shelf: PriceShelf, { provider, name, at }: ShelfQuestion): Price | undefined => {
  const holds = ({ from, until }: ShelvedPrice): boolean => from <= at && at < until;
  for (const variant of [name, ...nameVariants(name)]) {
    const found =
      shelf.exact.get(`${provider}/${variant}`)?.find(holds) ?? shelf.exact.get(variant)?.find(holds);
    if (found) return found.price;
  }
  return shelf.globs.find((glob) => holds(glob) && matches(glob.price.model, provider, name))?.price;
};
