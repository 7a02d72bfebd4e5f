import type { AttemptFinal, Rating } from '@weir/contracts';
import { findPrice, namesOf } from './find-price.ts';
import { isKnown, toLaneTokens } from './lane-tokens.ts';
import type { Price, RateCard } from './price.ts';
import type { PriceBook } from './price-book.ts';
import { priceLanesOf } from './price-lanes.ts';
import { roundLanes } from './round-lanes.ts';

/** What of an attempt decides its price. An account of it is one. */
export type RatedAttempt = Pick<
  AttemptFinal,
  | 'provider'
  | 'priceAs'
  | 'modelServed'
  | 'modelRequested'
  | 'org'
  | 'startedAt'
  | 'usage'
  | 'quality'
  | 'outcome'
  | 'serviceTier'
>;

/** The same tier by another name. */
const serviceTierNames: Readonly<Record<string, string>> = { fast: 'priority', batches: 'batch' };

/** A tier that the price does not list costs what no tier costs. */
export const cardFor = (price: Price, serviceTier: string | undefined): RateCard => {
  if (serviceTier === undefined) return price.card;
  return price.serviceTiers.get(serviceTierNames[serviceTier] ?? serviceTier) ?? price.card;
};

/**
 * What an attempt costs. Whatever cannot be priced costs nothing and says why, so that it can be rated again.
 * An attempt that nobody accounted for (`outcome: unknown`) has an estimated amount, and is not billed.
 */
export const rateUsage = (book: PriceBook, attempt: RatedAttempt): Rating => {
  const nothing = { amountNano: '0', chargeNano: '0', currency: book.currency };
  if (attempt.quality === 'unknown' || !isKnown(attempt.usage)) return { status: 'unknown', ...nothing };
  const price = findPrice(book, {
    provider: attempt.provider,
    models: namesOf(attempt),
    org: attempt.org,
    at: attempt.startedAt,
  });
  if (!price) return { status: 'unpriced', ...nothing, problem: 'no_price' };
  const priced = priceLanesOf(cardFor(price, attempt.serviceTier), toLaneTokens(attempt.usage));
  if (priced.outcome === 'no_price') {
    return { status: 'unpriced', ...nothing, problem: `no_lane_price:${priced.lane}` };
  }
  const { totalNano, lanesNano } = roundLanes(priced.lanesPico);
  const amountNano = totalNano.toString();
  return {
    status: 'rated',
    amountNano,
    chargeNano: attempt.outcome === 'unknown' ? '0' : amountNano,
    currency: book.currency,
    priceId: price.id,
    priceModel: price.model,
    tier: priced.tier,
    lanesNano: Object.fromEntries(Object.entries(lanesNano).map(([lane, nano]) => [lane, nano.toString()])),
  };
};
