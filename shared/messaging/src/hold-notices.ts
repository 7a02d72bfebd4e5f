import { encodeHoldMessage, type HoldMessage, subjects } from '@weir/contracts';
import type { Bus } from './bus.ts';

/** Tells policy what becomes of requests that hold something in its limit store; many share a message. */
export interface HoldNotices {
  /** The request is over; its usage comes by the ledger. */
  finish(id: string): void;
  /** The request is over and nothing was used. */
  release(id: string): void;
  /** These are still running. Goes out at once. */
  extend(ids: readonly string[]): void;
  /** Sends what was gathered. */
  flush(): void;
}

/** A message of so many ids has 20 KB. */
const maxIds = 500;

/** A slot is free this much later, and a burst of endings shares a message. */
const gatherMs = 10;

export const createHoldNotices = (bus: Pick<Bus, 'publish'>): HoldNotices => {
  let gathered: { readonly finish: string[]; readonly release: string[] } = { finish: [], release: [] };
  let timer: NodeJS.Timeout | undefined;

  const send = (kind: HoldMessage['kind'], ids: readonly string[]): void => {
    for (let from = 0; from < ids.length; from += maxIds) {
      bus.publish(subjects.holds, encodeHoldMessage({ v: 1, kind, ids: ids.slice(from, from + maxIds) }));
    }
  };

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const { finish, release } = gathered;
    gathered = { finish: [], release: [] };
    send('finish', finish);
    send('release', release);
  };

  const gather = (kind: keyof typeof gathered, id: string): void => {
    gathered[kind].push(id);
    if (gathered[kind].length >= maxIds) flush();
    else timer ??= setTimeout(flush, gatherMs);
  };

  return {
    finish: (id) => gather('finish', id),
    release: (id) => gather('release', id),
    extend: (ids) => send('extend', ids),
    flush,
  };
};
