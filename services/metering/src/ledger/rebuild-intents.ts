import { attemptKey, type LedgerCommit, usageEventTypes } from '@weir/contracts';
import { createOpenIntents, type OpenIntents } from '../core/open-intents.ts';
import type { RecentAccounts } from '../core/recent-accounts.ts';
import { readUsageMessage } from '../core/usage-message.ts';
import { lookUpAccount } from './look-up-account.ts';
import { type ReadableLog, readRange } from './read-log.ts';

export interface RebuildInput {
  readonly usage: ReadableLog;
  readonly ledger: ReadableLog;
  readonly commit: LedgerCommit;
  readonly commitSequence: number;
  readonly accounts: RecentAccounts;
  /** First sequence that USAGE still has. */
  readonly first: number;
}

/** Intents up to the commit without an account of their own in the same range. */
const readIntents = async ({ usage, commit, first }: RebuildInput): Promise<OpenIntents> => {
  const intents = createOpenIntents();
  const accounted = new Set<string>();
  for await (const messages of readRange(usage, Math.max(commit.lowWater + 1, first), commit.to)) {
    for (const message of messages) {
      for (const read of readUsageMessage(message).events) {
        if (read.outcome === 'poison') continue;
        const { event } = read;
        const key = attemptKey(event.data);
        if (event.type === usageEventTypes.final) {
          accounted.add(key);
          intents.close(key);
        } else if (!accounted.has(key) && !intents.has(key)) {
          intents.open({ sequence: message.sequence, event });
        }
      }
    }
  }
  return intents;
};

/** Some may be second copies of intents that were accounted for long before: they are looked up. */
const closeAccounted = async (
  intents: OpenIntents,
  { ledger, accounts, commitSequence }: RebuildInput,
): Promise<void> => {
  for (const { event } of [...intents.values()]) {
    const key = attemptKey(event.data);
    const known =
      accounts.get(key) ??
      (event.data.startedAt <= accounts.floor
        ? await lookUpAccount(ledger, event.data, commitSequence)
        : undefined);
    if (known) intents.close(key);
  }
};

/** The open intents as of the commit, from USAGE behind its low water. */
export const rebuildIntents = async (input: RebuildInput): Promise<OpenIntents> => {
  const intents = await readIntents(input);
  // All that are open are among them, so when there are as many as the commit counted, they are the ones.
  if (intents.size !== input.commit.openIntents) await closeAccounted(intents, input);
  return intents;
};
