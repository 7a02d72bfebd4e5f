/** Prices by lane, decimal text, per million tokens. An absent lane falls back; `'0'` is free. */
export interface LanePrices {
  readonly inputPerMillion?: string;
  readonly outputPerMillion?: string;
  /** Absent: that of input. */
  readonly cacheReadPerMillion?: string;
  /** Cache entries that live five minutes. Absent: that of input. */
  readonly cacheWritePerMillion?: string;
  /** Cache entries that live an hour. Absent: `cacheWritePerMillion`. */
  readonly cacheWrite1hPerMillion?: string;
  /** Absent: that of output. */
  readonly reasoningPerMillion?: string;
  /** Absent: such a request is unpriced. The same holds for the other media. */
  readonly inputAudioPerMillion?: string;
  readonly outputAudioPerMillion?: string;
  readonly inputImagePerMillion?: string;
}

/** Other prices for long prompts; the threshold is compared with the whole prompt, cached tokens included. */
export interface PriceTierConfig extends LanePrices {
  readonly above: number;
  /** `gt`: the tier begins above the threshold; `gte`: at it. */
  readonly bound: 'gt' | 'gte';
}

export interface ModelPriceConfig extends LanePrices {
  /** Name or pattern of a model, or of `provider/model`. */
  readonly model: string;
  /** Applies to this organisation alone, and goes before the others. */
  readonly org?: string;
  /** Decides between patterns that are otherwise equal: the higher first. */
  readonly priority: number;
  /** RFC 3339, half-open; decided by the start of the attempt. Absent: always. */
  readonly from?: string;
  readonly until?: string;
  /** By rising threshold. */
  readonly tiers: readonly PriceTierConfig[];
  /** `whole`: all tokens at the tier's price; `marginal`: those beyond the threshold only. */
  readonly tierMode: 'whole' | 'marginal';
}

export interface PricingConfig {
  /** ISO 4217. */
  readonly currency: string;
  /**
   * What becomes of a request whose model has no price: `allow`: it is served and marked unpriced; `deny`: refused
   * where a budget of money applies; `default`: `default` is its price.
   */
  readonly onMissing: 'allow' | 'deny' | 'default';
  /** Prices of models that have none. Present when `onMissing` is `default`. */
  readonly default?: LanePrices;
  readonly models: readonly ModelPriceConfig[];
}
