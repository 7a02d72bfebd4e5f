import type { Lease } from '@weir/messaging';
import { LedgerHalt } from './ledger-halt.ts';

export interface KeepLedgerOptions {
  /** Who writes. It spares work: what keeps two writers apart is the ledger itself. */
  readonly lease: Lease;
  /** Writes until the signal is aborted, or something is wrong. `onBooted`: it has begun to. */
  readonly run: (signal: AbortSignal, onBooted: () => void) => Promise<void>;
  readonly onTrouble: (error: unknown, pauseMs: number) => void;
  readonly onHalt: (error: LedgerHalt) => void;
  /** Resolves after the time, or as soon as the signal is aborted. */
  readonly pause: (pauseMs: number, signal: AbortSignal) => Promise<void>;
}

export interface LedgerKeeper {
  /** True when the ledger is written here, or when this replica stands by; or why it is not written. */
  status(): true | string;
  /** Ends for good. Resolves when nothing more will be written. */
  stop(): Promise<void>;
}

const firstPauseMs = 250;
const longestPauseMs = 5_000;

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Keeps the ledger being written: JetStream may come later than this process, and go away. */
class Keeper implements LedgerKeeper {
  #options: KeepLedgerOptions;
  #stopping = new AbortController();
  /** Undefined: it writes, or waits for its turn. */
  #trouble: string | undefined = 'not begun';
  #keeping: Promise<void>;

  constructor(options: KeepLedgerOptions) {
    this.#options = options;
    this.#keeping = this.#keep(this.#stopping.signal);
  }

  status(): true | string {
    return this.#trouble ?? this.#options.lease.problem ?? true;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#keeping;
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { lease, onHalt } = this.#options;
    while (!signal.aborted) {
      this.#trouble = undefined;
      if ((await lease.acquire(signal)) === 'aborted') return;
      this.#trouble = 'not written yet';
      const halt = await this.#write(signal);
      await lease.release().catch(() => undefined);
      if (!halt) continue;
      this.#trouble = halt.message;
      onHalt(halt);
      return;
    }
  }

  /** While the lease is ours. */
  async #write(signal: AbortSignal): Promise<LedgerHalt | undefined> {
    const { lease, run, pause, onTrouble } = this.#options;
    const losing = new AbortController();
    void lease.lost.then(() => losing.abort());
    const writing = AbortSignal.any([signal, losing.signal]);
    let pauseMs = firstPauseMs;
    const onBooted = (): void => {
      this.#trouble = undefined;
      pauseMs = firstPauseMs;
    };
    while (!writing.aborted) {
      try {
        await run(writing, onBooted);
      } catch (error) {
        if (error instanceof LedgerHalt) return error;
        this.#trouble = describe(error);
        onTrouble(error, pauseMs);
        await pause(pauseMs, writing);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    }
    return undefined;
  }
}

export const keepLedger = (options: KeepLedgerOptions): LedgerKeeper => new Keeper(options);
