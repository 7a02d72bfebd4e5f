import {
  type AttemptFinal,
  buckets,
  type ImportedBook,
  readImportedBook,
  renderProblem,
} from '@weir/contracts';
import { type BucketEntry, type NatsBus, watchBucket } from '@weir/messaging';
import { createLivePriceBook, rateUsage } from '@weir/pricing';
import { type ConfigSource, replicasOf, type ServiceContext } from '@weir/runtime';
import type { Rate } from './core/ledger-machine.ts';
import { sha256Hex } from './sha256.ts';

export interface PriceSource {
  readonly rate: Rate;
  stop(): void;
}

/** The one by the configuration first, and the catalogues in order of their names. */
const inOrder = (books: ReadonlyMap<string, ImportedBook>): readonly ImportedBook[] =>
  [...books].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, book]) => book);

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
  const prices = createLivePriceBook({
    sha256Hex,
    onProblems: (problems) => logger.error({ problems }, 'prices refused; the last good ones stay in force'),
  });
  const take = (entry: BucketEntry): void => {
    const read = entry.value === undefined ? undefined : readEntry(entry);
    if (typeof read === 'string') {
      logger.error({ entry: entry.key, revision: entry.revision, problem: read }, 'price book refused');
      return;
    }
    if (read) books.set(entry.key, read);
    else books.delete(entry.key);
    prices.apply({ imported: inOrder(books) });
  };
  const target = { bucket: buckets.prices, replicas: replicasOf(context) };
  const watch = await watchBucket(bus, target, take, (error) =>
    logger.error({ err: error }, 'price books watch'),
  );
  config.onChange(({ pricing }) => prices.apply({ config: pricing }));

  const rate = (final: AttemptFinal): ReturnType<Rate> => {
    const book = prices.current;
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
