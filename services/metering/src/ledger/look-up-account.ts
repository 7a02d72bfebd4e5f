import { attemptKey, subjects } from '@weir/contracts';
import { maxClockSkewMs, readLedgerMessage } from '@weir/ledger';
import type { LogMessage } from '@weir/messaging';
import { type AttemptAccount, accountOf } from '../core/attempt-account.ts';
import type { AttemptIdentity } from '../core/usage-message.ts';
import type { ReadableLog } from './read-log.ts';

/** On top of the skew that is let through: server clocks differ a little, too. */
const marginMs = 300_000;

const accountIn = ({ subject, data }: LogMessage, identity: AttemptIdentity): AttemptAccount | undefined => {
  // Nearly all messages are of other requests, and need not be parsed to see that.
  const id = JSON.stringify(identity.requestId);
  if (!Buffer.from(data.buffer, data.byteOffset, data.byteLength).includes(id)) return undefined;
  const read = readLedgerMessage(subject, data);
  if (read.kind !== 'record' || attemptKey(read.event.data) !== attemptKey(identity)) return undefined;
  return accountOf(read.event.data);
};

/**
 * What the ledger says of an attempt, up to and with message `to`: reads all records of its key since it began, which
 * is exact and slow. Undefined: nothing. Throws when the ledger does not answer.
 */
export const lookUpAccount = async (
  ledger: ReadableLog,
  identity: AttemptIdentity,
  to: number,
): Promise<AttemptAccount | undefined> => {
  const { org, team, key, startedAt } = identity;
  const subject = subjects.rated(org, team, key);
  const fromTime = Math.max(0, startedAt - maxClockSkewMs - marginMs);
  let found: AttemptAccount | undefined;
  let read = await ledger.read({ from: 1, fromTime, subject });
  for (;;) {
    if (read.outcome === 'away') throw new Error(read.why);
    for (const message of read.messages) {
      if (message.sequence > to) return found;
      found = accountIn(message, identity) ?? found;
    }
    const last = read.messages.at(-1);
    if (!last || read.pending === 0) return found;
    read = await ledger.read({ from: last.sequence + 1, subject });
  }
};
