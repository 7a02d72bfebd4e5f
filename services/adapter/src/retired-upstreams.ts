import type { Logger } from '@weir/runtime';
import type { LiveUpstream } from './attempt/attempt-deps.ts';

type Retired = Pick<LiveUpstream, 'name' | 'client'>;

/** Upstreams that a revision of the configuration replaced, until the last call over their connections has ended. */
export interface RetiredUpstreams {
  /** Attempts keep their own reference to it: those whose intent is not stored yet are still to call. */
  add(old: Retired): void;
  /** Ends calls that are under way. */
  close(): Promise<void>;
}

interface RetiredUpstreamsOptions {
  /** How long they still take calls. */
  readonly lingerMs: number;
  /** So many at a time; of more, the oldest takes no more calls. */
  readonly maxLingering: number;
  readonly logger: Pick<Logger, 'warn'>;
}

export const createRetiredUpstreams = ({
  lingerMs,
  maxLingering,
  logger,
}: RetiredUpstreamsOptions): RetiredUpstreams => {
  const lingering = new Map<Retired, NodeJS.Timeout>();
  const ending = new Set<Retired>();

  const stopCalls = (old: Retired): void => {
    clearTimeout(lingering.get(old));
    lingering.delete(old);
    ending.add(old);
    // undici lets the calls under way end before it closes.
    old.client
      .retire()
      .catch((error) => logger.warn({ err: error, upstream: old.name }, 'closing connections'))
      .finally(() => ending.delete(old));
  };

  return {
    add: (old) => {
      lingering.set(
        old,
        setTimeout(() => stopCalls(old), lingerMs),
      );
      const [oldest] = lingering.keys();
      if (oldest && lingering.size > maxLingering) stopCalls(oldest);
    },
    close: async () => {
      for (const timer of lingering.values()) clearTimeout(timer);
      const open = [...lingering.keys(), ...ending];
      lingering.clear();
      await Promise.all(open.map(({ client }) => client.close()));
    },
  };
};
