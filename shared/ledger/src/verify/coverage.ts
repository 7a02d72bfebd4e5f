import { type AttemptFinal, attemptKey, type LedgerCommit, usageEventTypes } from '@weir/contracts';
import { hashUnit, type Sha256 } from '../hash-unit.ts';
import { readUsageBatch } from '../read-usage-event.ts';
import type { AttemptBook } from './attempt-book.ts';
import type { FindingLog } from './finding.ts';
import type { OpenIntents } from './open-intents.ts';
import { findDifference } from './same-content.ts';
import type { LedgerUnit, UnitRecord } from './unit-reader.ts';
import type { QueuedUsage, UsageMessage } from './usage-queue.ts';

/** Where the chain stands: what the next commit has to go on from. */
export interface ChainPosition {
  /** Last USAGE sequence that is covered. Undefined before the first commit of a ledger. */
  readonly covered: number | undefined;
  readonly hash: string;
}

export interface CoverageParts {
  readonly log: FindingLog;
  readonly attempts: AttemptBook;
  readonly intents: OpenIntents;
  readonly sha256: Sha256;
  /** When the stream was created, and the first sequence that it still has: what expired is not compared. */
  readonly usage: { readonly epoch: string; readonly first: number };
  /** The ledger is not read from its start, so an account may be known from a record that was not read. */
  readonly trustsPredecessors: boolean;
}

/** Holds units against the USAGE messages that they cover: I1. */
export interface Coverage {
  readonly position: ChainPosition;
  /** USAGE messages that could not be compared, because they have expired. */
  readonly expired: number;
  take(unit: LedgerUnit, usage: readonly QueuedUsage[]): void;
  /** A message that was covered before the first unit: of it, only open intents matter. */
  recall(message: UsageMessage): void;
}

interface PlacedRecord {
  readonly record: UnitRecord;
  used: boolean;
}

const placeOf = (sequence: number, part: number): string => `${sequence}.${part}`;
const total = ({ started, records, duplicates, poison }: LedgerCommit): number =>
  started + records + duplicates + poison;

class UsageCoverage implements Coverage {
  position: ChainPosition;
  expired = 0;
  #parts: CoverageParts;

  constructor(parts: CoverageParts, start: ChainPosition) {
    this.#parts = parts;
    this.position = start;
  }

  take(unit: LedgerUnit, read: readonly QueuedUsage[]): void {
    const { commit } = unit;
    const usage = read.filter(({ sequence }) => sequence > commit.from);
    this.#checkChain(unit);
    const placed = this.#placeRecords(unit);
    if (this.#isWhole(unit, usage)) {
      this.#checkCounts(unit, usage);
      for (const message of usage) this.#matchMessage(message, placed);
      for (const { record, used } of placed.values()) if (!used) this.#reportStray(record);
    }
    this.position = { covered: commit.to, hash: commit.hash };
  }

  recall({ sequence, data, at }: UsageMessage): void {
    const { intents } = this.#parts;
    readUsageBatch(data, at).forEach((read, part) => {
      if (read.outcome === 'poison') return;
      const { event } = read;
      if (event.type === usageEventTypes.final) intents.close(event.data);
      else intents.open(event.data, `USAGE ${placeOf(sequence, part)}`);
    });
  }

  #checkChain({ commit, payloads, sequence }: LedgerUnit): void {
    const { log, sha256, usage } = this.#parts;
    const where = `LEDGER ${sequence}`;
    const compare = (what: string, expected: unknown, found: unknown) =>
      log.compare(what, where, { expected, found });
    compare('the commit goes on from another hash', this.position.hash, commit.previousHash);
    compare('the hash is of other records', hashUnit(commit.previousHash, payloads, sha256), commit.hash);
    compare('the commit goes on from another USAGE sequence', this.#expectedFrom(commit), commit.from);
    compare('the commit is about another USAGE stream', usage.epoch, commit.sourceEpoch);
    compare('the number of records', payloads.length, commit.records);
    if (commit.to < commit.from)
      compare('the range goes backwards', `from ${commit.from}`, `to ${commit.to}`);
  }

  /** A ledger begins with what USAGE had at that time. */
  #expectedFrom({ from }: LedgerCommit): number {
    const { covered } = this.position;
    if (covered !== undefined) return covered;
    const { first } = this.#parts.usage;
    return from < first ? from : first - 1;
  }

  /** The records by the event that each names, if they name them in order, each at most once. */
  #placeRecords({ records, commit }: LedgerUnit): Map<string, PlacedRecord> {
    const { log } = this.#parts;
    const placed = new Map<string, PlacedRecord>();
    let before = { sequence: commit.from, part: Number.MAX_SAFE_INTEGER };
    for (const record of records) {
      const { source, ratingNumber } = record.event.data;
      // A record of a later rating goes back to an event that an earlier unit covered.
      if (ratingNumber > 0) continue;
      const isBehind =
        source.sequence > before.sequence ||
        (source.sequence === before.sequence && source.part > before.part);
      if (!isBehind || source.sequence > commit.to) {
        log.add({
          what: 'the record names a USAGE event out of order',
          where: `LEDGER ${record.sequence}`,
          expected: `one behind ${placeOf(before.sequence, before.part)}, up to sequence ${commit.to}`,
          found: placeOf(source.sequence, source.part),
        });
      }
      before = source;
      placed.set(placeOf(source.sequence, source.part), { record, used: false });
    }
    return placed;
  }

  /** False when the messages are not those of the range, so that it makes no sense to compare further. */
  #isWhole({ commit, sequence }: LedgerUnit, usage: readonly QueuedUsage[]): boolean {
    const { log, usage: stream } = this.#parts;
    const expected = Math.max(commit.to - commit.from, 0);
    if (commit.from + 1 < stream.first) {
      this.expired += expected;
      return false;
    }
    const isInRange = usage.every((message, index) => message.sequence === commit.from + 1 + index);
    if (usage.length === expected && isInRange) return true;
    log.add({
      what: 'USAGE does not have what the commit covers',
      where: `LEDGER ${sequence}`,
      expected: `${expected} messages, ${commit.from + 1} to ${commit.to}`,
      found: `${usage.length}, ${usage[0]?.sequence ?? '-'} to ${usage.at(-1)?.sequence ?? '-'}`,
    });
    return false;
  }

  #checkCounts({ commit, records, sequence }: LedgerUnit, usage: readonly QueuedUsage[]): void {
    const where = `LEDGER ${sequence}`;
    const events = usage.flatMap((message) => message.events);
    const poison = events.filter(({ outcome }) => outcome === 'poison').length;
    const rerated = records.filter(({ event }) => event.data.ratingNumber > 0).length;
    const { log } = this.#parts;
    log.compare('the number of poison events', where, { expected: poison, found: commit.poison });
    log.compare('the counts of the commit do not add up to its events', where, {
      expected: events.length + rerated,
      found: total(commit),
    });
  }

  #matchMessage({ sequence, events }: QueuedUsage, placed: ReadonlyMap<string, PlacedRecord>): void {
    const { intents, attempts } = this.#parts;
    events.forEach((read, part) => {
      if (read.outcome === 'poison') return;
      const { event } = read;
      const place = placeOf(sequence, part);
      if (event.type === usageEventTypes.final) this.#matchFinal(event.data, place, placed.get(place));
      else if (attempts.revisionOf(attemptKey(event.data)) === undefined) {
        intents.open(event.data, `USAGE ${place}`);
      }
    });
  }

  #matchFinal(data: AttemptFinal, place: string, found: PlacedRecord | undefined): void {
    const { log, intents } = this.#parts;
    intents.close(data);
    if (!found) return this.#checkDuplicate(data, place);
    found.used = true;
    const record = found.record.event.data;
    const field = findDifference(data, record);
    if (field === undefined) return;
    log.compare(`the record differs from USAGE ${place} in ${field}`, `LEDGER ${found.record.sequence}`, {
      expected: JSON.stringify(Object.entries(data).find(([name]) => name === field)?.[1]),
      found: JSON.stringify(Object.entries(record).find(([name]) => name === field)?.[1]),
    });
  }

  /** An account that says no more than one before it has no record. */
  #checkDuplicate(data: AttemptFinal, place: string): void {
    const { log, attempts, trustsPredecessors } = this.#parts;
    const revision = attempts.revisionOf(attemptKey(data));
    if (revision !== undefined && revision >= data.revision) return;
    if (revision === undefined && trustsPredecessors) return;
    log.add({
      what: `the account of attempt ${attemptKey(data)} has no record`,
      where: `USAGE ${place}`,
      expected: `a record of revision ${data.revision}`,
      found: revision === undefined ? 'no record of the attempt' : `only revision ${revision}`,
    });
  }

  #reportStray({ sequence, event }: UnitRecord): void {
    const { source } = event.data;
    this.#parts.log.add({
      what: 'the record names a USAGE event that is no account',
      where: `LEDGER ${sequence}`,
      expected: 'the account that it is a record of',
      found: `USAGE ${placeOf(source.sequence, source.part)}`,
    });
  }
}

export const createCoverage = (parts: CoverageParts, start: ChainPosition): Coverage =>
  new UsageCoverage(parts, start);
