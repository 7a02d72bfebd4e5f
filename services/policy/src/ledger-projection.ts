import { type RatedUsage, streams } from '@weir/contracts';
import { type Checkpoint, readLedgerMessage, toSettleRecord } from '@weir/ledger';
import type { LogMessage, LogTail, LogTailOptions } from '@weir/messaging';
import type { LimitStore, SettleBatch, StorePosition } from './core/limit-store.ts';

type Follow = (options: Omit<LogTailOptions, 'bus'>) => Promise<LogTail>;

export interface LedgerProjectionOptions {
  readonly store: Pick<LimitStore, 'position' | 'restore' | 'settle'>;
  readonly follow: Follow;
  /** When the LEDGER stream was created. */
  readonly epochOfLedger: () => Promise<string>;
  /** Totals to begin with, so that the ledger need not be read from its start. Undefined: there are none. */
  readonly loadCheckpoint: () => Promise<Checkpoint | undefined>;
  /** Each record once or more, before it is settled. Must not throw. */
  readonly onRecord?: (record: RatedUsage) => void;
  readonly onTrouble: (error: unknown) => void;
  /** Resolves after the time, or as soon as the signal is aborted. */
  readonly pause: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

export interface LedgerProjection {
  /** True, or why the store does not follow the ledger at the moment. */
  status(): true | string;
  /** The store has totals. Stays true from then on. */
  readonly initialised: boolean;
  stop(): Promise<void>;
}

const retryPauseMs = 500;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Brings what the ledger says into a limit store. Any number of replicas may do so: the store takes each record once. */
class Projection implements LedgerProjection {
  initialised = false;
  #options: LedgerProjectionOptions;
  #stopping = new AbortController();
  #status: true | string = 'the ledger has not been read yet';
  #running: Promise<void>;

  constructor(options: LedgerProjectionOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  status(): true | string {
    return this.#status;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#followOnce();
      } catch (error) {
        this.#status = textOf(error);
        this.#options.onTrouble(error);
        await this.#options.pause(retryPauseMs, signal);
      }
    }
  }

  /** The store's position, which it is given first if it has none. */
  async #findPosition(): Promise<StorePosition> {
    const { store, epochOfLedger, loadCheckpoint } = this.#options;
    const known = await store.position();
    if (known) return known;
    const epoch = await epochOfLedger();
    const checkpoint = await loadCheckpoint();
    const totals = checkpoint?.totals ?? new Map<string, bigint>();
    await store.restore({ epoch, watermark: checkpoint?.sequence ?? 0, totals });
    const restored = await store.position();
    if (!restored) throw new Error('the limit store lost what it was just given');
    return restored;
  }

  async #followOnce(): Promise<void> {
    const { epoch, watermark } = await this.#findPosition();
    this.initialised = true;
    const failed = Promise.withResolvers<Error | undefined>();
    let settledTo = watermark;
    const tail = await this.#options.follow({
      stream: streams.ledger,
      from: watermark + 1,
      epoch,
      onMessages: async (messages) => {
        settledTo = await this.#settle(messages, { epoch, watermark: settledTo });
      },
      onError: failed.resolve,
    });
    this.#status = true;
    const stop = (): void => failed.resolve(undefined);
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    if (this.#stopping.signal.aborted) stop();
    const error = await failed.promise;
    this.#stopping.signal.removeEventListener('abort', stop);
    await tail.stop();
    if (error) throw error;
  }

  /** Returns the store's new watermark. */
  async #settle(messages: readonly LogMessage[], at: StorePosition): Promise<number> {
    const { epoch, watermark } = at;
    const news = messages.filter(({ sequence }) => sequence > watermark);
    const last = news.at(-1);
    if (!last) return watermark;
    const outcome = await this.#options.store.settle({
      epoch,
      from: watermark,
      to: last.sequence,
      records: this.#recordsOf(news),
    });
    if (outcome.outcome === 'applied') return outcome.watermark;
    // Another replica was quicker: what it has not settled is left to do.
    if (outcome.outcome === 'behind' && outcome.watermark > watermark)
      return this.#settle(news, { epoch, watermark: outcome.watermark });
    if (outcome.outcome === 'behind')
      throw new Error(`the limit store went back from ledger record ${watermark} to ${outcome.watermark}`);
    if (outcome.outcome === 'foreign')
      throw new Error(
        `the limit store has the totals of another ledger, created ${outcome.epoch}: empty it, or point policy to its own store`,
      );
    throw new Error('the limit store was emptied');
  }

  #recordsOf(messages: readonly LogMessage[]): SettleBatch['records'] {
    return messages.flatMap(({ subject, data }) => {
      const read = readLedgerMessage(subject, data);
      if (read.kind !== 'record') return [];
      this.#options.onRecord?.(read.event.data);
      return [toSettleRecord(read.event.data)];
    });
  }
}

export const startLedgerProjection = (options: LedgerProjectionOptions): LedgerProjection =>
  new Projection(options);
