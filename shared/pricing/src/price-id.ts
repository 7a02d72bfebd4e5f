import { priceLanes } from '@weir/contracts';
import type { LaneRates, Price, RateCard } from './price.ts';

export type Sha256Hex = (text: string) => string;

/** Lists, and lanes in a fixed order: the same price has one text. */
const ratesText = (rates: LaneRates): unknown =>
  priceLanes.flatMap((lane) => {
    const rate = rates[lane];
    return rate === undefined ? [] : [[lane, rate.toString()]];
  });

const cardText = ({ rates, tiers, tierMode }: RateCard): unknown => [
  ratesText(rates),
  tiers.map((tier) => [tier.after, ratesText(tier.rates)]),
  tierMode,
];

/**
 * Names a price by what it says: currency, pattern, organisation, and what each lane costs when. When it holds and
 * what goes before it are not part of it, so that ending a price does not rename it.
 */
export const priceId = (
  price: Omit<Price, 'id'>,
  place: { readonly currency: string; readonly org: string | undefined },
  sha256Hex: Sha256Hex,
): string => {
  const serviceTiers = [...price.serviceTiers].sort(([left], [right]) => (left < right ? -1 : 1));
  const text = [
    place.currency,
    price.model,
    place.org ?? null,
    cardText(price.card),
    serviceTiers.map(([name, card]) => [name, cardText(card)]),
  ];
  return `sha256:${sha256Hex(JSON.stringify(text))}`;
};
