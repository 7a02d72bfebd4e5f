import type { LedgerCommit } from '@weir/contracts';
import { readLedgerMessage } from '@weir/ledger';
import type { LogMessage } from '@weir/messaging';
import type { LedgerRecord } from '../core/ledger-unit.ts';
import { LedgerHalt } from './ledger-halt.ts';
import { type ReadableLog, readRange } from './read-log.ts';

export interface LedgerEnd {
  /** Sequence of the last message; 0 when there is none. The next append goes behind it. */
  readonly last: number;
  /** The last commit and its sequence. Undefined: there is none. */
  readonly commit: LedgerCommit | undefined;
  readonly commitSequence: number;
  /** Records behind the last commit. */
  readonly stranded: readonly LedgerRecord[];
}

const maxUnitMessages = 1_000;
/** A unit is written within milliseconds, one message after the other: its records are seen before its commit. */
const looks = 5;
const pauseMs = 200;

/** @throws LedgerHalt */
const toRecord = ({ subject, data, sequence }: LogMessage): LedgerRecord => {
  const read = readLedgerMessage(subject, data);
  if (read.kind === 'record') return { event: read.event, payload: data, sequence };
  const found = read.kind === 'unreadable' ? read.problem : 'a commit';
  throw new LedgerHalt(`ledger message ${sequence} should be a record: ${found}`);
};

const readEndOnce = async (ledger: ReadableLog): Promise<LedgerEnd> => {
  const { last } = await ledger.info();
  const tail: LogMessage[] = [];
  for await (const messages of readRange(ledger, Math.max(1, last - maxUnitMessages + 1), last))
    tail.push(...messages);
  for (let index = tail.length - 1; index >= 0; index -= 1) {
    const { subject, data, sequence } = tail[index] as LogMessage;
    const read = readLedgerMessage(subject, data);
    if (read.kind !== 'commit') continue;
    const stranded = tail.slice(index + 1).map(toRecord);
    return { last, commit: read.commit, commitSequence: sequence, stranded };
  }
  if (tail.length === maxUnitMessages)
    throw new LedgerHalt(`the last ${maxUnitMessages} messages of the ledger have no commit`);
  return { last, commit: undefined, commitSequence: 0, stranded: tail.map(toRecord) };
};

/**
 * Where the ledger ends. Its last message is a commit, unless another writer is just writing, or the server died
 * while it stored a unit: those records count, and the next unit begins with them.
 */
export const readLedgerEnd = async (
  ledger: ReadableLog,
  pause: (pauseMs: number) => Promise<void>,
): Promise<LedgerEnd> => {
  let end = await readEndOnce(ledger);
  for (let look = 1; look < looks && end.stranded.length > 0; look += 1) {
    await pause(pauseMs);
    end = await readEndOnce(ledger);
  }
  return end;
};
