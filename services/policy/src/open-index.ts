import { createHash } from 'node:crypto';
import type { WeirConfig } from '@weir/contracts';
import { createTenantDirectory } from '@weir/limits';
import type { NatsBus } from '@weir/messaging';
import { buildPriceBook, type PriceBook } from '@weir/pricing';
import { type ServiceContext, watchConfig, watchPriceBooks, watchTenantRecords } from '@weir/runtime';
import { type AdmissionIndex, buildAdmissionIndex } from './core/admission-index.ts';

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface LiveIndex {
  /** Undefined until configuration and tenants are known. */
  readonly current: AdmissionIndex | undefined;
  /** Resolves when they are. */
  readonly known: Promise<void>;
}

/** Keeps the index in step with configuration, tenants and prices. */
export const openIndex = async (context: ServiceContext, bus: NatsBus): Promise<LiveIndex> => {
  const { logger } = context;
  const directory = createTenantDirectory();
  const known = Promise.withResolvers<void>();
  let config: WeirConfig | undefined;
  let book: PriceBook | undefined;
  let tenantsKnown = false;
  let current: AdmissionIndex | undefined;

  const rebuild = (): void => {
    if (!config || !book || !tenantsKnown) return;
    current = buildAdmissionIndex({ config, directory, book, sha256Hex });
    known.resolve();
  };
  const source = await watchConfig(context, bus);
  const prices = await watchPriceBooks(context, bus);
  const price = (): void => {
    if (!config) return;
    const built = buildPriceBook({ config: config.pricing, imported: prices.books, sha256Hex });
    // Then those before stay in force: a wrong price is worse than an old one.
    if (built.outcome === 'invalid') logger.error({ problems: built.problems }, 'prices refused');
    else book = built.book;
    rebuild();
  };
  source.onChange((next) => {
    config = next;
    directory.applyConfig(next);
    price();
  });
  prices.onChange(price);
  await watchTenantRecords(context, bus, {
    onRecord: (entry, record, revision) => {
      directory.applyRecord(entry, record, revision);
    },
    onReady: () => {
      tenantsKnown = true;
      rebuild();
    },
  });
  return {
    get current() {
      return current;
    },
    known: known.promise,
  };
};
