import { type EnvelopeMeta, encodeHoldMessage, type HoldMessage, subjects } from '@weir/contracts';
import type { Bus } from './bus.ts';

/** Tells policy what becomes of requests that hold something in its limit store; many share a message. */
export interface HoldNotices {
  /** The request is over; its usage comes by the ledger. `accounts`: see {@link HoldMessage}. */
  finish(id: string, accounts?: number): void;
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

type Ending = Pick<HoldMessage, 'kind' | 'accounts'>;

interface Group {
  readonly ending: Ending;
  readonly ids: string[];
}

export const createHoldNotices = (bus: Pick<Bus, 'publish'>): HoldNotices => {
  /** What ended the same way. Bounded by the attempts that a request may have. */
  let gathered = new Map<string, Group>();
  let timer: NodeJS.Timeout | undefined;

  const send = (ending: Ending, ids: readonly string[]): void => {
    for (let from = 0; from < ids.length; from += maxIds) {
      const message: HoldMessage = { v: 1, ...ending, ids: ids.slice(from, from + maxIds) };
      bus.publish(subjects.holds, encodeHoldMessage(message));
    }
  };

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const endings = gathered;
    gathered = new Map();
    for (const { ending, ids } of endings.values()) send(ending, ids);
  };

  const gather = (ending: Ending, id: string): void => {
    const name = `${ending.kind} ${ending.accounts}`;
    const group = gathered.get(name) ?? { ending, ids: [] };
    gathered.set(name, group);
    group.ids.push(id);
    if (group.ids.length >= maxIds) flush();
    else timer ??= setTimeout(flush, gatherMs);
  };

  return {
    finish: (id, accounts) => gather({ kind: 'finish', ...(accounts === undefined ? {} : { accounts }) }, id),
    release: (id) => gather({ kind: 'release' }, id),
    extend: (ids) => send({ kind: 'extend' }, ids),
    flush,
  };
};

/**
 * Ends what is held for a request that goes no further and of which no attempt is under way. What attempts have used that
 * were handed back is held until the ledger has it: given back at once, a budget would know of neither for a while.
 */
export const endHold = (
  holds: Pick<HoldNotices, 'finish' | 'release'>,
  { grant, id, submission, attempt }: Pick<EnvelopeMeta, 'grant' | 'id' | 'submission' | 'attempt'>,
): void => {
  // Another copy of it may be running: its account ends the hold, or else the hold's time to live.
  if (!grant?.held || submission > 0) return;
  if (attempt?.past?.called) holds.finish(id, attempt.past.accounts);
  else holds.release(id);
};
