import { createHash } from 'node:crypto';
import type { WeirConfig } from '@weir/contracts';
import { createTenantDirectory } from '@weir/limits';
import type { NatsBus } from '@weir/messaging';
import { createLivePriceBook } from '@weir/pricing';
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
  let tenantsKnown = false;
  let current: AdmissionIndex | undefined;

  const prices = createLivePriceBook({
    sha256Hex,
    onProblems: (problems) => logger.error({ problems }, 'prices refused; the last good ones stay in force'),
  });

  const rebuild = (): void => {
    const book = prices.current;
    if (!config || !book || !tenantsKnown) return;
    current = buildAdmissionIndex({ config, directory, book, sha256Hex });
    known.resolve();
  };
  const source = await watchConfig(context, bus);
  const catalogues = await watchPriceBooks(context, bus);
  source.onChange((next) => {
    config = next;
    directory.applyConfig(next);
    prices.apply({ config: next.pricing, imported: catalogues.books });
    rebuild();
  });
  catalogues.onChange(() => {
    prices.apply({ imported: catalogues.books });
    rebuild();
  });
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
