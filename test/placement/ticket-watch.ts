import { Worker } from 'node:worker_threads';
import { quantile } from './summarize.ts';
import type { TicketTimes } from './ticket-book.ts';

export interface TicketWatchInput {
  readonly natsUrl: string;
  /** Instances. */
  readonly adapters: readonly string[];
}

/**
 * Sees requests pass by on the bus, as one more subscriber: nothing is measured in the services themselves. While it
 * listens the server never says of a service that has died that nobody does: it is for runs in which none dies.
 */
export interface TicketWatch {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Of what was accepted meanwhile. */
  stop(): Promise<readonly TicketTimes[]>;
}

const stopTimeoutMs = 5_000;

const nextMessage = <Message>(thread: Worker, what: string): Promise<Message> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${what}: nothing within ${stopTimeoutMs} ms`)),
      stopTimeoutMs,
    );
    thread.once('message', (message: Message) => {
      clearTimeout(timer);
      resolve(message);
    });
    thread.once('error', reject);
  });

export const startTicketWatch = async (input: TicketWatchInput): Promise<TicketWatch> => {
  const thread = new Worker(new URL('./ticket-watch-thread.ts', import.meta.url), { workerData: input });
  // A run that fails must not wait for it.
  thread.unref();
  await nextMessage(thread, 'the watch of tickets starts');
  return {
    startedAt: Date.now(),
    stop: async () => {
      const told = nextMessage<readonly TicketTimes[]>(thread, 'the watch of tickets ends');
      thread.postMessage('stop');
      const times = await told;
      await thread.terminate();
      return times;
    },
  };
};

export interface Hop {
  readonly name: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const hopOf = (name: string, times: readonly TicketTimes[], took: (one: TicketTimes) => number): Hop => {
  const all = times.map(took);
  return { name, p50Ms: quantile(all, 0.5), p99Ms: quantile(all, 0.99) };
};

/** Accepted is told in whole milliseconds and taken for the end of its one, so those are up to 1 ms too much. */
export const toHops = (times: readonly TicketTimes[]): readonly Hop[] => [
  hopOf('ticket to grant', times, ({ askedAt, grantedAt }) => grantedAt - askedAt),
  hopOf('ticket to accepted', times, ({ askedAt, acceptedAt }) => acceptedAt - askedAt),
  hopOf('envelope to accepted', times, ({ submittedAt, acceptedAt }) => acceptedAt - submittedAt),
];
