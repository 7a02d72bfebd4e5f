import { attemptKey, subjects } from '@weir/contracts';
import type { LedgerPublisher } from '@weir/messaging';
import type { AttemptAccount } from '../core/attempt-account.ts';
import { type LedgerMachine, subjectOfRecord } from '../core/ledger-machine.ts';
import type { LedgerUnit, PoisonMessage } from '../core/ledger-unit.ts';
import type { OpenIntents } from '../core/open-intents.ts';
import { readUsageMessage, type UsageMessage } from '../core/usage-message.ts';
import { type BootOptions, bootLedger } from './boot-ledger.ts';
import { LedgerHalt } from './ledger-halt.ts';
import { lookUpAccount } from './look-up-account.ts';
import { assertNoGap, untilAborted } from './read-log.ts';

/** A unit that is stored. */
export interface AppendedUnit {
  readonly unit: LedgerUnit;
  /** Ledger sequence of each of its records. */
  readonly sequences: readonly number[];
  readonly commitSequence: number;
}

export interface RunLedgerOptions extends BootOptions {
  readonly append: LedgerPublisher['append'];
  /** Keeps a copy of what cannot be read. Doing it twice for one id is as good as once. */
  readonly bury: (poison: PoisonMessage, id: string) => Promise<void>;
  /** The machine begins to work. */
  readonly onBooted: (machine: Pick<LedgerMachine, 'intents' | 'position'>) => void;
  readonly onAppended: (appended: AppendedUnit) => void;
  /** So many messages of USAGE are not read yet. */
  readonly onProgress: (pending: number) => void;
  /** Everything that USAGE has is accounted for. Called again and again. */
  readonly onCaughtUp: (intents: OpenIntents) => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Pause when there was nothing more to read. */
  readonly pauseMs: number;
}

/** USAGE messages without a record may go uncommitted for this long, and so many of them. */
const lazyCommit = { ms: 10_000, messages: 1_000 };
/** How often it is made sure that USAGE is still the same stream. */
const epochCheckMs = 5_000;

const encoder = new TextEncoder();

const isDue = (machine: LedgerMachine, waitedMs: number): boolean =>
  machine.pendingRecords > 0 ||
  machine.pendingPoison > 0 ||
  machine.pendingMessages >= lazyCommit.messages ||
  (machine.pendingMessages > 0 && waitedMs >= lazyCommit.ms);

class LedgerRun {
  #options: RunLedgerOptions;
  #machine: LedgerMachine;
  #sourceEpoch: string;
  #last: number;
  #commitSequence: number;
  #committedAt: number;
  #checkedAt: number;

  constructor(options: RunLedgerOptions, booted: Awaited<ReturnType<typeof bootLedger>>) {
    this.#options = options;
    this.#machine = booted.machine;
    this.#sourceEpoch = booted.sourceEpoch;
    this.#last = booted.end.last;
    this.#commitSequence = booted.end.commitSequence;
    this.#committedAt = options.now();
    this.#checkedAt = options.now();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { usage, pause, pauseMs, onCaughtUp, onProgress, now } = this.#options;
    while (!signal.aborted) {
      await this.#checkEpoch();
      const from = this.#machine.position + 1;
      const read = await usage.read({ from });
      if (read.outcome === 'away') throw new Error(read.why);
      assertNoGap(read.messages, from);
      for (const message of read.messages) await this.#apply(readUsageMessage(message));
      if (isDue(this.#machine, now() - this.#committedAt)) await this.#append();
      onProgress(read.pending);
      if (read.pending > 0) continue;
      await onCaughtUp(this.#machine.intents);
      await pause(pauseMs);
    }
  }

  async #checkEpoch(): Promise<void> {
    const { now, usage } = this.#options;
    if (now() - this.#checkedAt < epochCheckMs) return;
    const { epoch } = await usage.info();
    if (epoch !== this.#sourceEpoch) {
      throw new LedgerHalt(
        `stream USAGE was created ${epoch}, expected ${this.#sourceEpoch}: reconcile first`,
      );
    }
    this.#checkedAt = now();
  }

  async #apply(message: UsageMessage): Promise<void> {
    if (!this.#machine.fits(message)) await this.#append();
    const { ledger } = this.#options;
    const found = new Map<string, AttemptAccount | undefined>();
    for (const identity of this.#machine.toLookUp(message)) {
      found.set(attemptKey(identity), await lookUpAccount(ledger, identity, this.#commitSequence));
    }
    this.#machine.apply(message, found);
  }

  async #append(): Promise<void> {
    const { append, bury, now, onAppended, keepUp } = this.#options;
    const unit = this.#machine.closeUnit(now());
    if (!unit) return;
    for (const poison of unit.poison) await bury(poison, `${this.#sourceEpoch}.${poison.sequence}`);
    const fresh = unit.records.filter(({ sequence }) => sequence === undefined);
    const messages = [
      ...fresh.map((record) => ({ subject: subjectOfRecord(record), payload: record.payload })),
      { subject: subjects.ledgerCommit, payload: encoder.encode(JSON.stringify(unit.commit)) },
    ];
    const appended = await append(messages, this.#last);
    if (appended.outcome === 'conflict') {
      throw new Error(`somebody else has written to the ledger: it was to end at ${this.#last}`);
    }
    this.#machine.confirm();
    const first = this.#last + 1;
    this.#last = appended.lastSequence;
    this.#commitSequence = appended.lastSequence;
    this.#committedAt = now();
    let next = first;
    const sequences = unit.records.map(({ sequence }) => {
      if (sequence !== undefined) return sequence;
      next += 1;
      return next - 1;
    });
    onAppended({ unit, sequences, commitSequence: appended.lastSequence });
    await keepUp();
  }
}

/**
 * Reads USAGE and writes the ledger until the signal is aborted. Whatever goes wrong ends it: it begins again from
 * what is stored, so a lost acknowledgement and another writer need nothing of their own.
 * @throws LedgerHalt when beginning again would not help.
 */
export const runLedger = async (options: RunLedgerOptions, signal: AbortSignal): Promise<void> => {
  const { usage, ledger } = options;
  const stoppable = { ...options, usage: untilAborted(usage, signal), ledger: untilAborted(ledger, signal) };
  try {
    const booted = await bootLedger(stoppable);
    options.onBooted(booted.machine);
    await new LedgerRun(stoppable, booted).run(signal);
  } catch (error) {
    if (error !== signal.reason) throw error;
  }
};
