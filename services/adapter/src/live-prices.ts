import { hash } from 'node:crypto';
import type { PricingConfig, Rating } from '@weir/contracts';
import { buildPriceBook, type PriceBook, type RatedAttempt, rateUsage } from '@weir/pricing';
import type { Logger, PriceSource } from '@weir/runtime';

/** The prices in force, for what clients are told of the cost. What they are billed is metering's to say. */
export interface LivePrices {
  /** Undefined while there are no prices. */
  rate(attempt: RatedAttempt): Rating | undefined;
  apply(config: PricingConfig): void;
}

const sha256Hex = (text: string): string => hash('sha256', text, 'hex');

export const createLivePrices = (imported: PriceSource, logger: Pick<Logger, 'error'>): LivePrices => {
  let config: PricingConfig | undefined;
  let book: PriceBook | undefined;
  const build = (): void => {
    if (!config) return;
    const built = buildPriceBook({ config, imported: imported.books, sha256Hex });
    if (built.outcome === 'built') book = built.book;
    else logger.error({ problems: built.problems }, 'prices not applied; those before them stay in force');
  };
  imported.onChange(build);
  return {
    rate: (attempt) => book && rateUsage(book, attempt),
    apply: (next) => {
      config = next;
      build();
    },
  };
};
