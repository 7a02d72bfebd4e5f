import {
  type AttemptFinal,
  attemptKey,
  type FinalEvent,
  type LedgerSource,
  type RatedUsage,
  type Rating,
  type StartedEvent,
  subjects,
  toRatedEvent,
  type UsageEvent,
  usageEventTypes,
} from '@weir/contracts';
import { type AttemptAccount, markOf, toAccount, toDelta } from './attempt-account.ts';
import type { AppliedEvent, LedgerRecord, LedgerUnit } from './ledger-unit.ts';
import type { OpenIntents } from './open-intents.ts';
import type { RecentAccounts } from './recent-accounts.ts';
import { type CommitTerms, UnitBuilder } from './unit-builder.ts';
import type { AttemptIdentity, UsageMessage } from './usage-message.ts';

/** Prices usage. Never throws. */
export type Rate = (final: AttemptFinal) => Rating;

/** What was found in the ledger of attempts that memory does not reach back to. Undefined: it has nothing. */
export type FoundAccounts = ReadonlyMap<string, AttemptAccount | undefined>;

export interface LedgerMachineOptions extends CommitTerms {
  readonly rate: Rate;
  readonly intents: OpenIntents;
  readonly accounts: RecentAccounts;
  /** Records behind the last commit, in order. They are part of the next unit. */
  readonly stranded: readonly LedgerRecord[];
}

/**
 * Turns USAGE into units of the ledger. It runs ahead of what is stored: when a unit cannot be appended, the machine
 * is thrown away, and another one is built from the ledger.
 */
export interface LedgerMachine {
  /** USAGE sequence that was applied last. */
  readonly position: number;
  readonly intents: OpenIntents;
  /** USAGE messages, and records, that are applied and not yet part of a unit. */
  readonly pendingMessages: number;
  readonly pendingRecords: number;
  readonly pendingPoison: number;
  /** Attempts of the message that may have an account in the ledger further back than memory goes. */
  toLookUp(message: UsageMessage): readonly AttemptIdentity[];
  /** False: what is pending has to become a unit first. */
  fits(message: UsageMessage): boolean;
  /** The message after `position`. `found` has every attempt that was to be looked up. */
  apply(message: UsageMessage, found: FoundAccounts): void;
  /** Everything that is pending. Undefined when nothing is, or while stranded records have not come up again. */
  closeUnit(now: number): LedgerUnit | undefined;
  /** The last unit is stored. Accounts are not forgotten before the ledger has them. */
  confirm(): void;
}

const encoder = new TextEncoder();

const isStarted = (event: UsageEvent): event is StartedEvent => event.type === usageEventTypes.started;

const toDuplicate = (event: FinalEvent, known: AttemptAccount): AppliedEvent => {
  const says = event.data.revision < known.revision || markOf(event.data) === known.mark;
  return { outcome: 'duplicate', type: 'final', ...(says ? {} : { conflict: event.id }) };
};

const toRecord = (
  { data, source, traceparent }: FinalEvent,
  terms: Pick<RatedUsage, 'rating' | 'delta' | 'source'>,
): LedgerRecord => {
  const event = toRatedEvent(source, { ...data, ratingNumber: 0, ...terms }, traceparent);
  return { event, payload: encoder.encode(JSON.stringify(event)) };
};

class Machine implements LedgerMachine {
  readonly intents: OpenIntents;
  #accounts: RecentAccounts;
  #rate: Rate;
  #unit: UnitBuilder;

  constructor(options: LedgerMachineOptions) {
    this.intents = options.intents;
    this.#accounts = options.accounts;
    this.#rate = options.rate;
    this.#unit = new UnitBuilder(options, options.stranded);
  }

  get position(): number {
    return this.#unit.position;
  }

  get pendingMessages(): number {
    return this.#unit.messages;
  }

  get pendingRecords(): number {
    return this.#unit.records;
  }

  get pendingPoison(): number {
    return this.#unit.poison;
  }

  toLookUp({ events }: UsageMessage): readonly AttemptIdentity[] {
    const unsure = new Map<string, AttemptIdentity>();
    for (const read of events) {
      if (read.outcome === 'poison' || read.event.data.startedAt > this.#accounts.floor) continue;
      const { data } = read.event;
      const key = attemptKey(data);
      // An intent is only open when it was made sure that there is no account.
      if (!this.intents.has(key) && !this.#accounts.get(key)) unsure.set(key, data);
    }
    return [...unsure.values()];
  }

  fits(message: UsageMessage): boolean {
    return this.#unit.fits(message.events.length);
  }

  apply(message: UsageMessage, found: FoundAccounts): void {
    const { sequence, events, data } = message;
    this.#unit.begin(sequence);
    events.forEach((read, part) => {
      if (read.outcome === 'poison') this.#unit.add({ outcome: 'poison', problem: read.problem });
      else if (isStarted(read.event)) this.#unit.add(this.#open(read.event, sequence, found));
      else this.#unit.add(this.#settle(read.event, { sequence, part }, found));
    });
    if (events.some(({ outcome }) => outcome === 'poison')) this.#unit.keepPoison({ sequence, data });
  }

  closeUnit(now: number): LedgerUnit | undefined {
    return this.#unit.close(now, {
      lowWater: this.intents.lowWater(this.position),
      openIntents: this.intents.size,
      latestStart: this.#accounts.latestStart,
    });
  }

  confirm(): void {
    this.#accounts.trim();
  }

  #known(key: string, found: FoundAccounts): AttemptAccount | undefined {
    return this.#accounts.get(key) ?? found.get(key);
  }

  #open(event: StartedEvent, sequence: number, found: FoundAccounts): AppliedEvent {
    const key = attemptKey(event.data);
    if (this.intents.has(key) || this.#known(key, found)) return { outcome: 'duplicate', type: 'started' };
    this.intents.open({ sequence, event });
    return { outcome: 'opened' };
  }

  #settle(event: FinalEvent, source: LedgerSource, found: FoundAccounts): AppliedEvent {
    const key = attemptKey(event.data);
    const before = this.#known(key, found);
    if (before && before.revision >= event.data.revision) return toDuplicate(event, before);
    const stranded = this.#unit.takeStranded(source);
    const rating = stranded?.event.data.rating ?? this.#rate(event.data);
    const account = toAccount(event.data, rating);
    const record = stranded ?? toRecord(event, { rating, source, delta: toDelta(account, before) });
    this.#accounts.set(key, account);
    this.intents.close(key);
    this.#unit.keep(record);
    return { outcome: 'recorded', record: record.event };
  }
}

/** Where a record is stored. */
export const subjectOfRecord = ({ event }: LedgerRecord): string => {
  const { org, team, key } = event.data;
  return subjects.rated(org, team, key);
};

export const createLedgerMachine = (options: LedgerMachineOptions): LedgerMachine => new Machine(options);
