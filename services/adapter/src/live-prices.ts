import { hash } from 'node:crypto';
import type { PricingConfig, Rating } from '@weir/contracts';
import { createLivePriceBook, type RatedAttempt, rateUsage } from '@weir/pricing';
import type { Logger, PriceSource } from '@weir/runtime';

/** The prices in force, for what clients are told of the cost. What they are billed is metering's to say. */
export interface LivePrices {
  /** Undefined while there are no prices. */
  rate(attempt: RatedAttempt): Rating | undefined;
  apply(config: PricingConfig): void;
}

export const createLivePrices = (imported: PriceSource, logger: Pick<Logger, 'error'>): LivePrices => {
  const prices = createLivePriceBook({
    sha256Hex: (text) => hash('sha256', text, 'hex'),
    onProblems: (problems) =>
      logger.error({ problems }, 'prices not applied; those before them stay in force'),
  });
  imported.onChange(() => prices.apply({ imported: imported.books }));
  return {
    rate: (attempt) => prices.current && rateUsage(prices.current, attempt),
    apply: (config) => prices.apply({ config, imported: imported.books }),
  };
};
