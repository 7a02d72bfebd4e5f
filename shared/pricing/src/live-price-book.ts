import type { ImportedBook, PricingConfig } from '@weir/contracts';
import { buildPriceBook, type PriceBook } from './price-book.ts';
import type { Sha256Hex } from './price-id.ts';

/** The prices in force, while configuration and catalogues change. */
export interface LivePriceBook {
  /** Undefined until there is a configuration. */
  readonly current: PriceBook | undefined;
  /** Either may be given; what is not stays as it was. */
  apply(change: { readonly config?: PricingConfig; readonly imported?: readonly ImportedBook[] }): void;
}

/**
 * Prices that contradict each other are reported, and the last good ones stay in force: a wrong price is worse than an
 * old one. Where there are none yet, the configuration alone is: a bad catalogue must not keep a process from starting.
 */
export const createLivePriceBook = (options: {
  readonly sha256Hex: Sha256Hex;
  readonly onProblems: (problems: readonly string[]) => void;
}): LivePriceBook => {
  const { sha256Hex, onProblems } = options;
  let config: PricingConfig | undefined;
  let imported: readonly ImportedBook[] = [];
  let current: PriceBook | undefined;

  const build = (books: readonly ImportedBook[]): void => {
    if (!config) return;
    const built = buildPriceBook({ config, imported: books, sha256Hex });
    if (built.outcome === 'built') {
      current = built.book;
      return;
    }
    onProblems(built.problems);
    if (!current && books.length > 0) build([]);
  };

  return {
    get current() {
      return current;
    },
    apply: (change) => {
      config = change.config ?? config;
      imported = change.imported ?? imported;
      build(imported);
    },
  };
};
