import { buckets, type ImportedBook, readImportedBook } from '@weir/contracts';
import { type NatsBus, watchBucket } from '@weir/messaging';
import { replicasOf } from './config-source.ts';
import type { ServiceContext } from './service-context.ts';
import { untilJetStream } from './until-jetstream.ts';

/** The price books that were imported, as they are in key-value. */
export interface PriceSource {
  /** In the order of their names. */
  readonly books: readonly ImportedBook[];
  /** Called with each change. */
  onChange(listener: () => void): void;
}

/** Follows the imported price books. One that cannot be read is reported, and the one before it stays in force. */
export const watchPriceBooks = async (context: ServiceContext, bus: NatsBus): Promise<PriceSource> => {
  const { logger, lifecycle } = context;
  const books = new Map<string, ImportedBook>();
  const listeners: (() => void)[] = [];
  const take = (key: string, value: string | undefined): void => {
    if (value === undefined) books.delete(key);
    else {
      const read = readImportedBook(JSON.parse(value));
      if (read.outcome === 'invalid') {
        logger.error({ book: key, problems: read.problems }, 'price book refused');
        return;
      }
      books.set(key, read.book);
    }
    for (const listener of listeners) listener();
  };
  const target = { bucket: buckets.prices, replicas: replicasOf(context) };
  const onError = (error: unknown): void => logger.error({ err: error }, 'price book watch');
  const watcher = await untilJetStream(context, () =>
    watchBucket(bus, target, ({ key, value }) => take(key, value), onError),
  );
  lifecycle.onShutdown('disconnect', 'price book watch', () => watcher.stop(), 1_000);
  return {
    get books() {
      return [...books].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, book]) => book);
    },
    onChange: (listener) => {
      listeners.push(listener);
    },
  };
};
