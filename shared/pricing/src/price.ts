import type { PriceLane } from '@weir/contracts';

/** Pico-units of the currency (10^-12) per token. An absent lane has no price, which is not the same as free. */
export type LaneRates = Readonly<Partial<Record<PriceLane, bigint>>>;

/** Rates from a size of the prompt on. */
export interface RateTier {
  /** Prompt tokens, cached ones included, that come before the tier: it begins with the token after them. */
  readonly after: number;
  readonly name: string;
  readonly rates: LaneRates;
}

/** All rates for one service tier. Every default is filled in. */
export interface RateCard {
  readonly rates: LaneRates;
  /** By rising threshold. */
  readonly tiers: readonly RateTier[];
  readonly tierMode: 'whole' | 'marginal';
}

/** A price of a model. */
export interface Price {
  /** Hash of what it says: two prices with one id cost the same. */
  readonly id: string;
  /** Pattern that it is found by; `default` for that of models that have none. */
  readonly model: string;
  readonly card: RateCard;
  readonly serviceTiers: ReadonlyMap<string, RateCard>;
  /** Most tokens that the model puts out. Absent: unknown. */
  readonly maxOutputTokens?: number;
}
