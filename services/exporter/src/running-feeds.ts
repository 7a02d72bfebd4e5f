import type { Lease } from '@weir/messaging';
import { type Feed, feedChanges } from './core/feeds-of.ts';

/** A feed's work, once this replica is the one that does it. */
export interface FeedWork {
  /** Resolves when the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

export interface RunningFeedsOptions {
  readonly leaseOf: (feed: Feed) => Lease;
  readonly workOf: (feed: Feed) => FeedWork;
  readonly onStart: (feed: Feed) => void;
  readonly onStop: (feed: Feed) => void;
  readonly onError: (error: unknown, feed: Feed) => void;
}

interface RunningFeed {
  readonly feed: Feed;
  readonly stop: () => Promise<void>;
}

/** One replica at a time feeds a sink. Two that overlap for a moment do no harm: events keep their ids. */
const runWhileHeld = async (
  feed: Feed,
  options: RunningFeedsOptions,
  stopped: AbortSignal,
): Promise<void> => {
  const lease = options.leaseOf(feed);
  while ((await lease.acquire(stopped)) === 'acquired') {
    const ending = new AbortController();
    void lease.lost.then(() => ending.abort());
    options.onStart(feed);
    try {
      await options.workOf(feed).run(AbortSignal.any([stopped, ending.signal]));
    } catch (error) {
      options.onError(error, feed);
    } finally {
      options.onStop(feed);
      await lease.release().catch((error: unknown) => options.onError(error, feed));
    }
  }
};

/** Keeps the feeds running that the configuration asks for. */
export const createRunningFeeds = (options: RunningFeedsOptions) => {
  const running = new Map<string, RunningFeed>();
  let changing: Promise<void> = Promise.resolve();

  const start = (feed: Feed): void => {
    const stopping = new AbortController();
    const done = runWhileHeld(feed, options, stopping.signal);
    const stop = (): Promise<void> => {
      stopping.abort();
      return done;
    };
    running.set(feed.name, { feed, stop });
  };

  const change = async (wanted: readonly Feed[]): Promise<void> => {
    const feeds = new Map([...running].map(([name, { feed }]) => [name, feed]));
    const { stopped, started } = feedChanges(feeds, wanted);
    await Promise.all(stopped.map((name) => running.get(name)?.stop()));
    for (const name of stopped) running.delete(name);
    for (const feed of started) start(feed);
  };

  const apply = (wanted: readonly Feed[]): Promise<void> => {
    changing = changing.then(() => change(wanted));
    return changing;
  };

  return { apply, stop: () => apply([]) };
};
