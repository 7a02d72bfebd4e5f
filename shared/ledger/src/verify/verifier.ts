import type { LedgerCommit } from '@weir/contracts';
import { genesisHash, type Sha256 } from '../hash-unit.ts';
import type { Totals } from '../totals.ts';
import { compareCounters, type StoreReading } from './compare-counters.ts';
import { type Coverage, createCoverage } from './coverage.ts';
import { createFindingLog, type InvariantReport, toInvariantReport } from './finding.ts';
import { defaultMaxUnreportedPercent } from './judge-quality.ts';
import { createOpenIntents, type OpenIntents } from './open-intents.ts';
import type { ProviderWatchOptions } from './provider-watch.ts';
import { createRecordBooks, type RecordBooks } from './record-books.ts';
import type { SinkTotals } from './sink-watch.ts';
import { createUnitReader, type LedgerMessage, type LedgerUnit, type UnitReader } from './unit-reader.ts';
import { createUsageQueue, type UsageMessage, type UsageQueue } from './usage-queue.ts';

export interface VerifierOptions {
  readonly sha256: Sha256;
  readonly usage: {
    /** When stream USAGE was created. */
    readonly epoch: string;
    /** First sequence that it still has. 1 when nothing has expired. */
    readonly first: number;
  };
  /** When stream LEDGER was created. */
  readonly ledger: { readonly epoch: string };
  /** A commit to begin behind, and its ledger sequence. What came before it is taken on trust. */
  readonly start?: { readonly sequence: number; readonly commit: LedgerCommit };
  readonly sinks?: readonly SinkTotals[];
  readonly providers?: ProviderWatchOptions['providers'];
  readonly maxUnreportedPercent?: number;
}

export interface ReportOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long after its deadline an attempt may lack its account, and a USAGE message its commit. */
  readonly graceMs: number;
  /** What the limit store holds, or why it could not be read. */
  readonly store?: StoreReading | string;
}

export interface VerifyReport {
  /** True when nothing that was checked failed. */
  readonly holds: boolean;
  readonly invariants: readonly InvariantReport[];
  readonly units: number;
  readonly records: number;
  readonly attempts: number;
  readonly openIntents: number;
  /** Last commit's ledger sequence and hash. */
  readonly sequence: number;
  readonly hash: string;
  /** Last USAGE sequence that is in the ledger, and how many messages behind it are not yet. */
  readonly covered: number;
  readonly uncovered: number;
}

export type VerifiedStream = 'usage' | 'ledger';

/**
 * Proves the ledger against the usage events that it was made from. It says which stream it wants next, so that the
 * two are read in step: what it keeps is one unit and the USAGE messages read ahead of it, the open intents, the budget
 * counters, and about half a kilobyte for each attempt.
 */
export interface Verifier {
  /** `none`: both are at their end. */
  readonly next: VerifiedStream | 'none';
  /** First sequence of each stream to hand over. */
  readonly from: Readonly<Record<VerifiedStream, number>>;
  /** Ledger sequence of the last commit that was taken. */
  readonly sequence: number;
  readonly totals: Totals;
  takeUsage(message: UsageMessage): void;
  takeLedger(message: LedgerMessage): void;
  end(stream: VerifiedStream): void;
  /** Once, when `next` is `none`. */
  report(options: ReportOptions): VerifyReport;
}

/** No unit covers as many: a commit that claims more is wrong, and USAGE is not read into memory for it. */
const maxRangeMessages = 100_000;

class LedgerVerifier implements Verifier {
  readonly from: Readonly<Record<VerifiedStream, number>>;
  sequence: number;
  #trusts: boolean;
  #trustedUsage: number;
  #coverageLog = createFindingLog('I1');
  #intentLog = createFindingLog('I3');
  #intents: OpenIntents = createOpenIntents(this.#intentLog);
  #books: RecordBooks;
  #units: UnitReader;
  #usage: UsageQueue;
  #coverage: Coverage;
  /** Whose USAGE messages have not been read yet. */
  #pending: LedgerUnit[] = [];
  #unitCount = 0;
  #ended: Record<VerifiedStream, boolean> = { usage: false, ledger: false };

  constructor(options: VerifierOptions) {
    const { start, usage, ledger, sinks = [], providers, sha256, maxUnreportedPercent } = options;
    this.#trusts = start !== undefined;
    this.#trustedUsage = start?.commit.to ?? 0;
    this.sequence = start?.sequence ?? 0;
    this.from = {
      usage: Math.max((start?.commit.lowWater ?? 0) + 1, usage.first),
      ledger: this.sequence + 1,
    };
    this.#books = createRecordBooks({
      sinks,
      ...(providers === undefined ? {} : { providers }),
      epoch: ledger.epoch,
      maxUnreportedPercent: maxUnreportedPercent ?? defaultMaxUnreportedPercent,
      trustsPredecessors: this.#trusts,
    });
    this.#units = createUnitReader(this.#coverageLog, this.sequence);
    this.#usage = createUsageQueue(this.from.usage - 1);
    this.#coverage = createCoverage(
      {
        log: this.#coverageLog,
        attempts: this.#books.attempts,
        intents: this.#intents,
        sha256,
        usage,
        trustsPredecessors: this.#trusts,
      },
      { covered: start?.commit.to, hash: start?.commit.hash ?? genesisHash },
    );
  }

  get totals(): Totals {
    return this.#books.totals;
  }

  get next(): VerifiedStream | 'none' {
    if (this.#pending.length > 0 && !this.#ended.usage) return 'usage';
    if (!this.#ended.ledger) return 'ledger';
    return this.#ended.usage ? 'none' : 'usage';
  }

  takeUsage(message: UsageMessage): void {
    if (message.sequence <= this.#trustedUsage) this.#coverage.recall(message);
    else this.#usage.push(message);
    this.#settle();
  }

  takeLedger(message: LedgerMessage): void {
    const unit = this.#units.take(message);
    if (!unit) return;
    this.#pending.push(unit);
    this.sequence = unit.sequence;
    this.#settle();
  }

  end(stream: VerifiedStream): void {
    this.#ended[stream] = true;
    if (stream === 'ledger') this.#units.end();
    this.#settle();
  }

  report({ now, graceMs, store = 'no limit store was asked' }: ReportOptions): VerifyReport {
    this.#reportUncovered(now - graceMs);
    this.#intents.reportOverdue(now, graceMs);
    const { expired, position } = this.#coverage;
    const note = expired === 0 ? undefined : `${expired} USAGE messages have expired and were not compared`;
    const invariants = [
      toInvariantReport('I1', this.#coverageLog, { note }),
      toInvariantReport('I3', this.#intentLog, { note: `${this.#intents.size} attempts are under way` }),
      compareCounters(this.totals, store, { sequence: this.sequence, trustsPredecessors: this.#trusts }),
      ...this.#books.report({
        sequence: this.sequence,
        now,
        graceMs,
        openSince: this.#openSince(),
      }),
    ].sort((left, right) => (left.invariant < right.invariant ? -1 : 1));
    return {
      holds: invariants.every(({ state }) => state !== 'failed'),
      invariants,
      units: this.#unitCount,
      records: this.#books.records,
      attempts: this.#books.attempts.size,
      openIntents: this.#intents.size,
      sequence: this.sequence,
      hash: position.hash,
      covered: position.covered ?? 0,
      uncovered: this.#usage.length,
    };
  }

  /** Of what began before it the ledger has every account. An intent is stored as its attempt begins. */
  #openSince(): number | undefined {
    const starts = [this.#intents.oldest(), this.#usage.first?.at].filter((at) => at !== undefined);
    return starts.length === 0 ? undefined : Math.min(...starts);
  }

  #settle(): void {
    for (;;) {
      const unit = this.#pending[0];
      if (!unit || this.#waitsForUsage(unit)) break;
      this.#pending.shift();
      this.#unitCount += 1;
      for (const record of unit.records) this.#books.take(record);
      this.#coverage.take(unit, this.#usage.shiftUntil(unit.commit.to));
    }
    if (this.#ended.ledger && this.#pending.length === 0) this.#usage.stopKeeping();
  }

  #waitsForUsage({ commit }: LedgerUnit): boolean {
    const isPossible = commit.to - commit.from <= maxRangeMessages;
    return isPossible && commit.to > this.#usage.last && !this.#ended.usage;
  }

  /** `since`: what was stored before this moment should have been covered by now. */
  #reportUncovered(since: number): void {
    const { first, length } = this.#usage;
    if (!first || first.at >= since) return;
    this.#coverageLog.add({
      what: `${length} USAGE messages are not in the ledger`,
      where: `USAGE ${first.sequence}`,
      expected: 'a commit that covers it',
      found: `none since ${new Date(first.at).toISOString()}`,
    });
  }
}

export const createVerifier = (options: VerifierOptions): Verifier => new LedgerVerifier(options);
