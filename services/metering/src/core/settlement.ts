import {
  type AttemptFinal,
  type AttemptStarted,
  type FinalEvent,
  type StartedEvent,
  type UsageEvent,
  usageEventTypes,
} from '@weir/contracts';
import { createBoundedMap } from './bounded-map.ts';
import { countTokens, type TokenCounts } from './token-counts.ts';

export type Settled =
  /** An attempt has begun. */
  | { readonly outcome: 'opened' }
  /** The first account of an attempt. `added` is what it used. */
  | { readonly outcome: 'settled'; readonly final: AttemptFinal; readonly added: TokenCounts }
  /** A better account of an attempt. `added` is the difference to the one before, and may be negative. */
  | { readonly outcome: 'corrected'; readonly final: AttemptFinal; readonly added: TokenCounts }
  /** The fact is known already, or a better account of it. */
  | { readonly outcome: 'duplicate' };

/** Follows attempts from intent to account. Events may come late, twice and in any order; the sums converge. */
export interface Settlement {
  readonly openIntents: number;
  apply(event: UsageEvent): Settled;
  /** Forgets intents long past their deadline, and returns how many: nobody will account for them any more. */
  sweep(now: number): number;
}

interface Account {
  readonly revision: number;
  readonly tokens: TokenCounts;
}

/** A `final` follows its deadline by the time that it takes to store it, also after an outage of a minute. */
const graceMs = 120_000;

const runKey = ({ requestId, attempt, run }: AttemptStarted): string => `${requestId}.${attempt}.${run}`;

const difference = (after: number | undefined, before: number | undefined): number | undefined =>
  after === undefined && before === undefined ? undefined : (after ?? 0) - (before ?? 0);

const isStarted = (event: UsageEvent): event is StartedEvent => event.type === usageEventTypes.started;

export const createSettlement = (limits: {
  readonly maxOpenIntents: number;
  /** Accounts that are remembered, to know duplicates and corrections by. */
  readonly maxAccounts: number;
}): Settlement => {
  /** Run to the deadline of its request. */
  const intents = createBoundedMap<string, number>(limits.maxOpenIntents);
  const accounts = createBoundedMap<string, Account>(limits.maxAccounts);

  const open = ({ data }: StartedEvent): Settled => {
    const key = runKey(data);
    if (intents.get(key) !== undefined || accounts.get(key)) return { outcome: 'duplicate' };
    intents.set(key, data.deadline);
    return { outcome: 'opened' };
  };

  const settle = ({ data }: FinalEvent): Settled => {
    const key = runKey(data);
    const before = accounts.get(key);
    if (before && before.revision >= data.revision) return { outcome: 'duplicate' };
    const tokens = countTokens(data.usage);
    accounts.set(key, { revision: data.revision, tokens });
    intents.delete(key);
    const added: TokenCounts = {
      input: difference(tokens.input, before?.tokens.input),
      output: difference(tokens.output, before?.tokens.output),
    };
    return { outcome: before ? 'corrected' : 'settled', final: data, added };
  };

  return {
    get openIntents() {
      return intents.size;
    },
    apply: (event) => (isStarted(event) ? open(event) : settle(event)),
    sweep: (now) => {
      const overdue = [...intents.entries()].filter(([, deadline]) => deadline + graceMs < now);
      for (const [key] of overdue) intents.delete(key);
      return overdue.length;
    },
  };
};
