import type { LedgerCommit, RatedEvent } from '@weir/contracts';
import { readLedgerMessage } from '../read-ledger-message.ts';
import type { FindingLog } from './finding.ts';

export interface LedgerMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

export interface UnitRecord {
  readonly sequence: number;
  readonly subject: string;
  readonly event: RatedEvent;
}

/** Some records and the commit that closes them. */
export interface LedgerUnit {
  readonly records: readonly UnitRecord[];
  /** As they are stored, those that could not be read too. */
  readonly payloads: readonly Uint8Array[];
  readonly commit: LedgerCommit;
  /** Ledger sequence of the commit. */
  readonly sequence: number;
}

/** Puts the messages of stream LEDGER together to units. */
export interface UnitReader {
  /** The unit that this message closes, if it does. */
  take(message: LedgerMessage): LedgerUnit | undefined;
  /** The stream is over: reports records that no commit closes. */
  end(): void;
}

/** `after`: ledger sequence that reading begins behind. */
export const createUnitReader = (log: FindingLog, after: number): UnitReader => {
  let last = after;
  let records: UnitRecord[] = [];
  let payloads: Uint8Array[] = [];

  return {
    take: ({ sequence, subject, data }) => {
      const where = `LEDGER ${sequence}`;
      log.compare('a ledger message is missing', where, { expected: last + 1, found: sequence });
      last = sequence;
      const read = readLedgerMessage(subject, data);
      if (read.kind === 'commit') {
        const unit = { records, payloads, commit: read.commit, sequence };
        records = [];
        payloads = [];
        return unit;
      }
      payloads.push(data);
      if (read.kind === 'record') records.push({ sequence, subject, event: read.event });
      else
        log.add({ what: read.problem, where, expected: 'a record or a commit', found: `subject ${subject}` });
      return undefined;
    },
    end: () => {
      if (payloads.length === 0) return;
      log.add({
        what: 'the ledger ends within a unit',
        where: `LEDGER ${last}`,
        expected: 'a commit',
        found: `${payloads.length} records that none closes`,
      });
    },
  };
};
