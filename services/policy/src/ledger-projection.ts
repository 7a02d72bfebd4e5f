import { type RatedUsage, streams } from '@weir/contracts';
import { type Checkpoint, readLedgerMessage, toSettleRecord } from '@weir/ledger';
import type { LogMessage, LogReader, LogTail, LogTailOptions } from '@weir/messaging';
import type { LimitStore, SettleBatch, StorePosition } from './core/limit-store.ts';
import { readLedgerSnapshot } from './ledger-snapshot.ts';
import { StoreUnavailable } from './stores/store-unavailable.ts';

type Follow = (options: Omit<LogTailOptions, 'bus'>) => Promise<LogTail>;

export interface LedgerProjectionOptions {
  readonly store: Pick<LimitStore, 'position' | 'restore' | 'settle'>;
  readonly follow: Follow;
  readonly openLedger: () => Pick<LogReader, 'info' | 'read' | 'close'>;
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
const storeCheckMs = 1_000;

const wentBack = (from: number, to: number): Error =>
  new Error(`the limit store went back from ledger record ${from} to ${to}`);

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
    const { store } = this.#options;
    const known = await store.position();
    if (known) return known;
    await this.#restore();
    const restored = await store.position();
    if (!restored) throw new Error('the limit store lost what it was just given');
    return restored;
  }

  async #restore(): Promise<void> {
    const { store, openLedger, loadCheckpoint, onRecord } = this.#options;
    const reader = openLedger();
    try {
      const from = { reader, checkpoint: await loadCheckpoint(), signal: this.#stopping.signal };
      await store.restore(await readLedgerSnapshot(onRecord ? { ...from, onRecord } : from));
    } finally {
      reader.close();
    }
  }

  /** A store that was emptied, or came back with older data, is found while the ledger rests, too. */
  async #checkStore(settledTo: () => number, signal: AbortSignal): Promise<void> {
    const { store, pause } = this.#options;
    while (!signal.aborted) {
      await pause(storeCheckMs, signal);
      const least = settledTo();
      const position = await store.position().catch((error: unknown) => {
        if (error instanceof StoreUnavailable) return 'away' as const;
        throw error;
      });
      if (position === undefined) throw new Error('the limit store was emptied');
      if (position !== 'away' && position.watermark < least) throw wentBack(least, position.watermark);
    }
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
    const ended = new AbortController();
    const until = AbortSignal.any([this.#stopping.signal, ended.signal]);
    this.#checkStore(() => settledTo, until).then(() => failed.resolve(undefined), failed.resolve);
    const error = await failed.promise;
    ended.abort();
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
    if (outcome.outcome === 'behind') throw wentBack(watermark, outcome.watermark);
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
