import {
  type AttemptFinal,
  buckets,
  type ImportedBook,
  type PricingConfig,
  readImportedBook,
  renderProblem,
} from '@weir/contracts';
import { type BucketEntry, type NatsBus, watchBucket } from '@weir/messaging';
import { buildPriceBook, type PriceBook, rateUsage } from '@weir/pricing';
import { type ConfigSource, replicasOf, type ServiceContext } from '@weir/runtime';
import type { Rate } from './core/ledger-machine.ts';
import { sha256Hex } from './sha256.ts';

export interface PriceSource {
  readonly rate: Rate;
  stop(): void;
}

type Books = ReadonlyMap<string, ImportedBook>;

/** The one by the configuration first, and the catalogues in order of their names. */
const build = (config: PricingConfig, books: Books) => {
  const imported = [...books].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, book]) => book);
  return buildPriceBook({ config, imported, sha256Hex });
};

const readEntry = ({ value }: BucketEntry): ImportedBook | string => {
  const read = readImportedBook(JSON.parse(value ?? ''));
  return read.outcome === 'valid' ? read.book : read.problems.slice(0, 3).map(renderProblem).join('; ');
};

/** What must not stop the ledger: a record without a price can be rated again, a record that is missing cannot. */
const unrateable = (currency: string, problem: string): ReturnType<Rate> => ({
  status: 'unpriced',
  amountNano: '0',
  chargeNano: '0',
  currency,
  problem,
});

/** Prices by the newest configuration and the imported books. A book that cannot be used is left out, and reported. */
export const openPriceSource = async (
  context: ServiceContext,
  bus: NatsBus,
  config: ConfigSource,
): Promise<PriceSource> => {
  const { logger } = context;
  const books = new Map<string, ImportedBook>();
  let book: PriceBook | undefined;
  const rebuild = (): void => {
    if (!config.current) return;
    const built = build(config.current.pricing, books);
    if (built.outcome === 'built') book = built.book;
    else logger.error({ problems: built.problems }, 'prices refused; the last good ones stay in force');
  };
  const take = (entry: BucketEntry): void => {
    const read = entry.value === undefined ? undefined : readEntry(entry);
    if (typeof read === 'string') {
      logger.error({ entry: entry.key, revision: entry.revision, problem: read }, 'price book refused');
      return;
    }
    if (read) books.set(entry.key, read);
    else books.delete(entry.key);
    rebuild();
  };
  const target = { bucket: buckets.prices, replicas: replicasOf(context) };
  const watch = await watchBucket(bus, target, take, (error) =>
    logger.error({ err: error }, 'price books watch'),
  );
  config.onChange(rebuild);

  const rate = (final: AttemptFinal): ReturnType<Rate> => {
    if (!book) return unrateable(config.current?.pricing.currency ?? 'USD', 'no_price_book');
    try {
      return rateUsage(book, final);
    } catch (error) {
      logger.error({ err: error, requestId: final.requestId }, 'usage could not be rated');
      return unrateable(book.currency, 'rating_failed');
    }
  };
  return { rate, stop: () => watch.stop() };
};
