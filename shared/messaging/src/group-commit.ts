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
  readonly settle: (result: CommitResult) => void;
}

/**
 * Group commit: what is added while nothing is being written is written at once, what is added meanwhile
 * goes together into the next batch. A lone entry never waits for a timer, a crowd shares the round trip.
 */
export const createGroupCommit = <Entry>(options: GroupCommitOptions<Entry>): GroupCommit<Entry> => {
  const waiting: Waiting<Entry>[] = [];
  let writing: Waiting<Entry>[] = [];
  let idleWaiters: (() => void)[] = [];

  const takeBatch = (): Waiting<Entry>[] => {
    let bytes = 0;
    let count = 0;
    for (const { entry } of waiting) {
      bytes += options.sizeOf(entry);
      if (count > 0 && (bytes > options.maxBatchBytes || count >= options.maxBatchEntries)) break;
      count += 1;
    }
    return waiting.splice(0, count);
  };

  const writeUntilDurable = async (batch: readonly Waiting<Entry>[]): Promise<void> => {
    const entries = batch.map(({ entry }) => entry);
    for (;;) {
      try {
        await options.write(entries);
        return;
      } catch (error) {
        options.onRetry(error);
        await options.sleep(options.retryDelayMs);
      }
    }
  };

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      writing = takeBatch();
      await writeUntilDurable(writing);
      for (const { settle } of writing) settle({ outcome: 'committed' });
      writing = [];
    }
  };

  let running = false;
  let lazyTimer: NodeJS.Timeout | undefined;
  const start = () => {
    clearTimeout(lazyTimer);
    lazyTimer = undefined;
    if (running) return;
    running = true;
    // Entries of the same tick share the first batch.
    queueMicrotask(async () => {
      await run();
      running = false;
      if (waiting.length > 0) return start();
      for (const wake of idleWaiters) wake();
      idleWaiters = [];
    });
  };

  return {
    get pending() {
      return waiting.length + writing.length;
    },
    add: (entry, urgent) => {
      if (waiting.length >= options.maxWaitingEntries) {
        return Promise.resolve({
          outcome: 'refused',
          why: `more than ${options.maxWaitingEntries} events wait`,
        });
      }
      return new Promise((settle) => {
        waiting.push({ entry, settle });
        if (urgent) start();
        else if (!running) lazyTimer ??= setTimeout(start, options.lazyDelayMs);
      });
    },
    idle: () => {
      if (waiting.length > 0) start();
      return running ? new Promise((resolve) => idleWaiters.push(resolve)) : Promise.resolve();
    },
  };
};
