import { streams } from '@weir/contracts';
import { readLedgerMessage } from '@weir/ledger';
import { createLogReader, followLog, type LogMessage, type LogTail, type NatsBus } from '@weir/messaging';
import type { LedgerRecord, UsageDatabase } from '../stores/usage-database.ts';
import type { Turns } from './turns.ts';

export interface UsageProjectionDeps {
  readonly bus: NatsBus;
  readonly database: UsageDatabase;
  readonly turns: Turns;
  readonly onUnreadable: (sequence: number, problem: string) => void;
  readonly onReset: (why: string) => void;
}

/** A database of another ledger, or of one that has lost its end, is of no use. */
const adopt = async ({ bus, database, turns, onReset }: UsageProjectionDeps): Promise<string> => {
  const reader = createLogReader(bus, streams.ledger);
  try {
    const { epoch, last } = await reader.info();
    const { sequence, epoch: knownEpoch } = database.watermark;
    if (knownEpoch !== epoch || sequence > last) {
      if (sequence > 0) onReset(`the ledger of ${knownEpoch} has become one of ${epoch}`);
      await turns.take(async () => database.reset(epoch));
    }
    return epoch;
  } finally {
    reader.close();
  }
};

const toRecords = (
  messages: readonly LogMessage[],
  onUnreadable: UsageProjectionDeps['onUnreadable'],
): LedgerRecord[] =>
  messages.flatMap(({ sequence, subject, data }) => {
    const read = readLedgerMessage(subject, data);
    if (read.kind === 'unreadable') onUnreadable(sequence, read.problem);
    return read.kind === 'record' ? [{ sequence, event: read.event }] : [];
  });

/** Begins to add the ledger to the database, from behind its watermark. */
export const startUsageProjection = async (
  deps: UsageProjectionDeps,
  onEnd: (error: Error) => void,
): Promise<LogTail> => {
  const { bus, database, turns, onUnreadable } = deps;
  const epoch = await adopt(deps);
  return followLog({
    bus,
    stream: streams.ledger,
    from: database.watermark.sequence + 1,
    epoch,
    onMessages: (messages) =>
      turns.take(async () => {
        const upTo = messages.at(-1)?.sequence ?? 0;
        database.apply(toRecords(messages, onUnreadable), upTo);
      }),
    onError: onEnd,
  });
};
