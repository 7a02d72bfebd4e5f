import type { RatedUsage } from '@weir/contracts';
import { attemptKey } from '@weir/contracts';
import { genesisHash, readLedgerMessage } from '@weir/ledger';
import type { LogInfo } from '@weir/messaging';
import { accountOf } from '../core/attempt-account.ts';
import { createLedgerMachine, type LedgerMachine, type Rate } from '../core/ledger-machine.ts';
import { createOpenIntents } from '../core/open-intents.ts';
import { createRecentAccounts, type RecentAccounts } from '../core/recent-accounts.ts';
import { LedgerHalt } from './ledger-halt.ts';
import { type LedgerEnd, readLedgerEnd } from './read-ledger-end.ts';
import { type ReadableLog, readRange } from './read-log.ts';
import { rebuildIntents } from './rebuild-intents.ts';

export interface BootOptions {
  readonly usage: ReadableLog;
  readonly ledger: ReadableLog;
  readonly rate: Rate;
  readonly hashUnit: (previousHash: string, payloads: readonly Uint8Array[]) => string;
  readonly by: string;
  /** Accounts that are remembered; how many of them are read back at the start. */
  readonly maxAccounts: number;
  readonly bootAccounts: number;
  /** Ledger sequence up to which `onRecord` knows everything. */
  readonly knownUpTo: number;
  /** Each record behind `knownUpTo`, in order. */
  readonly onRecord: (record: RatedUsage, sequence: number) => void;
  /** Waited for now and then, so that what is made of records does not pile up. */
  readonly keepUp: () => Promise<void>;
  readonly pause: (pauseMs: number) => Promise<void>;
}

export interface BootedLedger {
  readonly machine: LedgerMachine;
  readonly sourceEpoch: string;
  readonly end: LedgerEnd;
}

const maxUnitMessages = 1_000;

/** @throws LedgerHalt when the ledger and USAGE do not belong together. */
const assertFits = ({ commit }: LedgerEnd, usage: LogInfo): void => {
  if (!commit) return;
  if (commit.sourceEpoch !== usage.epoch) {
    throw new LedgerHalt(
      `stream USAGE was created ${usage.epoch}, but the ledger accounts for one created ${commit.sourceEpoch}: reconcile them first`,
    );
  }
  if (commit.to > usage.last) {
    throw new LedgerHalt(
      `stream USAGE ends at ${usage.last}, but the ledger has accounted for ${commit.to}: USAGE has lost messages`,
    );
  }
  if (commit.to + 1 < usage.first) {
    throw new LedgerHalt(
      `stream USAGE begins at ${usage.first}, but the ledger has accounted for ${commit.to} only: usage was deleted before it was accounted for`,
    );
  }
};

/**
 * Reads the ledger once: its newest accounts, from a commit on, and whatever `onRecord` has not seen.
 * The commit says how old the attempts before it were at most.
 */
const readBack = async (options: BootOptions, end: LedgerEnd): Promise<RecentAccounts> => {
  const { ledger, maxAccounts: limit, bootAccounts, knownUpTo, onRecord, keepUp } = options;
  const tailFrom = Math.max(1, end.commitSequence - bootAccounts - maxUnitMessages);
  let accounts = tailFrom === 1 ? createRecentAccounts({ limit }) : undefined;
  for await (const messages of readRange(ledger, Math.min(tailFrom, knownUpTo + 1), end.commitSequence)) {
    for (const { subject, data, sequence } of messages) {
      const read = readLedgerMessage(subject, data);
      if (read.kind === 'unreadable') throw new LedgerHalt(`ledger message ${sequence}: ${read.problem}`);
      if (read.kind === 'record') {
        accounts?.set(attemptKey(read.event.data), accountOf(read.event.data));
        if (sequence > knownUpTo) onRecord(read.event.data, sequence);
      } else if (sequence >= tailFrom && !accounts) {
        // Without the field nothing is known of their age.
        const latestForgotten = read.commit.latestStart ?? Number.MAX_SAFE_INTEGER;
        accounts = createRecentAccounts({ limit, latestForgotten });
      }
    }
    await keepUp();
  }
  return accounts ?? createRecentAccounts({ limit, latestForgotten: Number.MAX_SAFE_INTEGER });
};

/** Builds the machine anew from what is stored. Throws when a log does not answer. */
export const bootLedger = async (options: BootOptions): Promise<BootedLedger> => {
  const { usage, ledger, rate, hashUnit, by, pause } = options;
  const info = await usage.info();
  const end = await readLedgerEnd(ledger, pause);
  assertFits(end, info);
  const { commit, commitSequence, stranded } = end;
  const accounts = await readBack(options, end);
  const intents = commit
    ? await rebuildIntents({ usage, ledger, commit, commitSequence, accounts, first: info.first })
    : createOpenIntents();
  accounts.trim();
  const machine = createLedgerMachine({
    rate,
    intents,
    accounts,
    stranded,
    sourceEpoch: info.epoch,
    by,
    // A new ledger begins with what USAGE still has.
    position: commit?.to ?? Math.max(0, info.first - 1),
    hash: commit?.hash ?? genesisHash,
    hashUnit,
  });
  return { machine, sourceEpoch: info.epoch, end };
};
