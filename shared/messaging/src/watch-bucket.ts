import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import type { NatsBus } from './nats-bus.ts';

/** One entry of a bucket, as of one revision. */
export interface BucketEntry {
  readonly key: string;
  /** Undefined: deleted. */
  readonly value: string | undefined;
  /** Revision of the bucket; every later change has a higher one. */
  readonly revision: number;
}

const pauseMs = 500;

const openBucket = (bus: NatsBus, bucket: string, replicas: number): Promise<KV> =>
  new Kvm(bus.connection).create(bucket, { history: 8, replicas });

class BucketWatch {
  readonly #bus: NatsBus;
  readonly #target: { readonly bucket: string; readonly replicas: number };
  readonly #onEntry: (entry: BucketEntry) => void;
  readonly #onError: (error: unknown) => void;
  readonly #loaded = Promise.withResolvers<void>();
  /** The revisions of a bucket are one sequence, so one number tells what is old. */
  #newest = 0;
  #isLoaded = false;
  #stopped = false;
  #entries: Awaited<ReturnType<KV['watch']>> | undefined;
  #wake: () => void = () => undefined;

  constructor(
    bus: NatsBus,
    target: { readonly bucket: string; readonly replicas: number },
    onEntry: (entry: BucketEntry) => void,
    onError: (error: unknown) => void,
  ) {
    this.#bus = bus;
    this.#target = target;
    this.#onEntry = onEntry;
    this.#onError = onError;
  }

  /** Resolves when the entries that were there have been handed over. */
  async begin(): Promise<void> {
    const entries = await this.#open();
    // A consumer that the server forgot is missed after two heartbeats only; a new one has the changes at once.
    this.#bus.onStatus((status) => {
      if (status === 'connected') this.#entries?.stop();
    });
    this.#follow(entries).catch(this.#onError);
    await this.#loaded.promise;
  }

  stop(): void {
    this.#stopped = true;
    this.#entries?.stop();
    this.#wake();
  }

  async #open() {
    const kv = await openBucket(this.#bus, this.#target.bucket, this.#target.replicas);
    // Before everything was read once, what comes first is the last value of each key.
    const entries = await kv.watch(this.#isLoaded ? { resumeFromRevision: this.#newest + 1 } : {});
    this.#entries = entries;
    // Asked for after the watch began: an entry that is written in between is delivered, and says that it is the last.
    if (!this.#isLoaded && (await kv.status()).values === 0) this.#endLoading();
    return entries;
  }

  async #follow(first: Awaited<ReturnType<KV['watch']>>): Promise<void> {
    let entries: typeof first | undefined = first;
    while (!this.#stopped && !this.#bus.connection.isClosed()) {
      try {
        entries ??= await this.#open();
        if (this.#stopped) entries.stop();
        for await (const entry of entries) this.#take(entry);
      } catch (error) {
        this.#onError(error);
      }
      entries = undefined;
      await this.#pause();
    }
    this.#loaded.reject(new Error(`the watch of bucket ${this.#target.bucket} ended before it had read all`));
  }

  #take(entry: KvEntry): void {
    if (entry.revision > this.#newest) {
      this.#newest = entry.revision;
      const value = entry.operation === 'PUT' ? entry.string() : undefined;
      try {
        this.#onEntry({ key: entry.key, value, revision: entry.revision });
      } catch (error) {
        this.#onError(error);
      }
    }
    // How many are still to come.
    if (entry.delta === 0) this.#endLoading();
  }

  #endLoading(): void {
    this.#isLoaded = true;
    this.#loaded.resolve();
  }

  async #pause(): Promise<void> {
    if (this.#stopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, pauseMs);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }
}

/**
 * Calls `onEntry` with every entry of a bucket, and with each change, never with an older revision of an entry.
 * Resolves when the entries that were there have been handed over, and goes on over reconnects until it is stopped.
 * Creates the bucket where there is none. `onError` is told what `onEntry` threw, and what interrupted the watch.
 * A bucket that is deleted and made anew counts from 1 again: whoever watched it has to start again, too.
 */
export const watchBucket = async (
  bus: NatsBus,
  target: { readonly bucket: string; readonly replicas: number },
  onEntry: (entry: BucketEntry) => void,
  onError: (error: unknown) => void,
): Promise<{ stop(): void }> => {
  const watch = new BucketWatch(bus, target, onEntry, onError);
  await watch.begin();
  return { stop: () => watch.stop() };
};
