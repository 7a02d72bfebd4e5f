import type { LanePrices, ModelPriceConfig, PriceTierConfig } from './pricing-config.ts';

/** Prices of a service tier, such as `batch`. What it does not name is priced as without a service tier. */
export interface ServiceTierPrices extends LanePrices {
  /** By rising threshold. */
  readonly tiers: readonly PriceTierConfig[];
}

/** A price out of a catalogue. */
export interface ImportedPrice extends Omit<ModelPriceConfig, 'org'> {
  /** By the name that answers give it. Absent: there are none. */
  readonly serviceTiers?: Readonly<Record<string, ServiceTierPrices>>;
  /** Most tokens that the model puts out. Absent: unknown. */
  readonly maxOutputTokens?: number;
}

/** What could not be taken over from a catalogue. */
export interface SkippedPrice {
  /** The catalogue's name of the model. */
  readonly entry: string;
  /** Absent: the whole entry was skipped. */
  readonly field?: string;
  readonly reason: string;
}

/** A catalogue of prices as it is kept in bucket `weir_prices`. Nothing of it goes before the configuration. */
export interface ImportedBook {
  readonly v: 1;
  /** Whose catalogue it is, such as `litellm`. */
  readonly source: string;
  /** ISO 4217. */
  readonly currency: string;
  /** Sorted by model. */
  readonly models: readonly ImportedPrice[];
  /** Sorted by entry and field. */
  readonly skipped: readonly SkippedPrice[];
}
