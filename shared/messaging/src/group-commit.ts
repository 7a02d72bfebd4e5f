/** Why an entry was not committed. */
export type CommitResult =
  | { readonly outcome: 'committed' }
  | { readonly outcome: 'refused'; readonly why: string };

export interface GroupCommitOptions<Entry> {
  /** Writes a batch durably. A rejection means that the outcome is not known: the same batch is written again. */
  readonly write: (batch: readonly Entry[]) => Promise<void>;
  readonly sizeOf: (entry: Entry) => number;
  readonly maxBatchEntries: number;
  readonly maxBatchBytes: number;
  /** Bound of what may wait. Above it entries are refused at once. */
  readonly maxWaitingEntries: number;
  readonly retryDelayMs: number;
  readonly lazyDelayMs: number;
  /** After a batch with so many urgent entries the next one gathers for `gatherMs`: under load fewer, larger writes. */
  readonly crowd: number;
  readonly gatherMs: number;
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly onRetry: (error: unknown) => void;
}

export interface GroupCommit<Entry> {
  /**
   * Resolves when the entry is durable, or refused because too much waits. One that is not urgent may wait
   * `lazyDelayMs` for company.
   */
  add(entry: Entry, urgent: boolean): Promise<CommitResult>;
  /** Entries that are waiting or being written. */
  readonly pending: number;
  /** Resolves when nothing is waiting. */
  idle(): Promise<void>;
}

interface Waiting<Entry> {
  readonly entry: Entry;
  readonly urgent: boolean;
  readonly settle: (result: CommitResult) => void;
}

class Committer<Entry> implements GroupCommit<Entry> {
  #options: GroupCommitOptions<Entry>;
  #waiting: Waiting<Entry>[] = [];
  #writing: Waiting<Entry>[] = [];
  #idleWaiters: (() => void)[] = [];
  #running = false;
  #lazyTimer: NodeJS.Timeout | undefined;

  constructor(options: GroupCommitOptions<Entry>) {
    this.#options = options;
  }

  get pending(): number {
    return this.#waiting.length + this.#writing.length;
  }

  add(entry: Entry, urgent: boolean): Promise<CommitResult> {
    const { maxWaitingEntries, lazyDelayMs } = this.#options;
    if (this.#waiting.length >= maxWaitingEntries) {
      return Promise.resolve({ outcome: 'refused', why: `more than ${maxWaitingEntries} events wait` });
    }
    return new Promise((settle) => {
      this.#waiting.push({ entry, urgent, settle });
      if (urgent) this.#start();
      else if (!this.#running) this.#lazyTimer ??= setTimeout(() => this.#start(), lazyDelayMs);
    });
  }

  idle(): Promise<void> {
    if (this.#waiting.length > 0) this.#start();
    return this.#running ? new Promise((resolve) => this.#idleWaiters.push(resolve)) : Promise.resolve();
  }

  #start(): void {
    clearTimeout(this.#lazyTimer);
    this.#lazyTimer = undefined;
    if (this.#running) return;
    this.#running = true;
    // Entries of the same tick share the first batch.
    queueMicrotask(async () => {
      await this.#run();
      this.#running = false;
      if (this.#waiting.length > 0) return this.#start();
      // Not before: one who asks for idleness in the moment of the last commit must be heard too.
      for (const wake of this.#idleWaiters) wake();
      this.#idleWaiters = [];
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      this.#writing = this.#takeBatch();
      await this.#writeUntilDurable(this.#writing.map(({ entry }) => entry));
      for (const { settle } of this.#writing) settle({ outcome: 'committed' });
      const isCrowd = this.#isCrowd();
      this.#writing = [];
      if (isCrowd && this.#options.gatherMs > 0) await this.#options.sleep(this.#options.gatherMs);
    }
  }

  /** Those that are not urgent do not count: the last word of a lone request travels with the first of the next. */
  #isCrowd(): boolean {
    let urgent = 0;
    for (const waiting of this.#writing) if (waiting.urgent) urgent += 1;
    return urgent >= this.#options.crowd;
  }

  #takeBatch(): Waiting<Entry>[] {
    const { sizeOf, maxBatchBytes, maxBatchEntries } = this.#options;
    let bytes = 0;
    let count = 0;
    for (const { entry } of this.#waiting) {
      bytes += sizeOf(entry);
      if (count > 0 && (bytes > maxBatchBytes || count >= maxBatchEntries)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #writeUntilDurable(entries: readonly Entry[]): Promise<void> {
    const { write, onRetry, sleep, retryDelayMs } = this.#options;
    for (;;) {
      try {
        await write(entries);
        return;
      } catch (error) {
        onRetry(error);
        await sleep(retryDelayMs);
      }
    }
  }
}

/**
 * Group commit: what is added while nothing is being written is written at once, what is added meanwhile goes
 * together into the next batch. A lone urgent entry never waits for a timer, a crowd shares the round trip.
 */
export const createGroupCommit = <Entry>(options: GroupCommitOptions<Entry>): GroupCommit<Entry> =>
  new Committer(options);
