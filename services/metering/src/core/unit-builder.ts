import type { LedgerCommit, LedgerSource } from '@weir/contracts';
import type { AppliedEvent, LedgerRecord, LedgerUnit, PoisonMessage } from './ledger-unit.ts';

/** What each commit says that does not come from the messages. */
export interface CommitTerms {
  readonly sourceEpoch: string;
  readonly by: string;
  /** The USAGE sequence up to which the ledger has everything, and the hash of its last commit. */
  readonly position: number;
  readonly hash: string;
  readonly hashUnit: (previousHash: string, payloads: readonly Uint8Array[]) => string;
}

type CommitState = Pick<LedgerCommit, 'lowWater' | 'openIntents'> & {
  readonly latestStart: number | undefined;
};

/** Most records of a unit: an atomic batch has 1,000 messages, and the last one is the commit. */
export const maxUnitRecords = 999;

/** Gathers what becomes of whole USAGE messages until it is closed into a unit. */
export class UnitBuilder {
  #terms: CommitTerms;
  #from: number;
  #hash: string;
  #position: number;
  #stranded: LedgerRecord[];
  #records: LedgerRecord[] = [];
  #applied: AppliedEvent[] = [];
  #poison: PoisonMessage[] = [];

  constructor(terms: CommitTerms, stranded: readonly LedgerRecord[]) {
    this.#terms = terms;
    this.#from = terms.position;
    this.#position = terms.position;
    this.#hash = terms.hash;
    this.#stranded = [...stranded];
  }

  get position(): number {
    return this.#position;
  }

  get messages(): number {
    return this.#position - this.#from;
  }

  get records(): number {
    return this.#records.length;
  }

  get poison(): number {
    return this.#poison.length;
  }

  /** A message is never split, so one that is too large alone has to fit; `close` refuses it. */
  fits(events: number): boolean {
    return (
      this.messages === 0 || this.#stranded.length > 0 || this.#records.length + events <= maxUnitRecords
    );
  }

  begin(sequence: number): void {
    if (sequence !== this.#position + 1)
      throw new Error(`USAGE message ${sequence} cannot follow ${this.#position}`);
    this.#position = sequence;
  }

  add(applied: AppliedEvent): void {
    this.#applied.push(applied);
  }

  keep(record: LedgerRecord): void {
    this.#records.push(record);
  }

  keepPoison(poison: PoisonMessage): void {
    this.#poison.push(poison);
  }

  /** The record of this event, if it is stored already. What was stored first comes up first again. */
  takeStranded({ sequence, part }: LedgerSource): LedgerRecord | undefined {
    const next = this.#stranded.shift();
    if (!next) return undefined;
    const { source } = next.event.data;
    if (source.sequence === sequence && source.part === part) return next;
    throw new Error(
      `the ledger has a record of USAGE ${source.sequence}.${source.part} behind its last commit, where that of ${sequence}.${part} belongs`,
    );
  }

  close(now: number, { latestStart, ...state }: CommitState): LedgerUnit | undefined {
    if (this.messages === 0 || this.#stranded.length > 0) return undefined;
    if (this.#records.length > maxUnitRecords) {
      throw new Error(
        `USAGE message ${this.#position} makes ${this.#records.length} records; at most ${maxUnitRecords} fit into a unit`,
      );
    }
    const count = (outcome: AppliedEvent['outcome']): number =>
      this.#applied.filter((applied) => applied.outcome === outcome).length;
    const { sourceEpoch, by, hashUnit } = this.#terms;
    const previousHash = this.#hash;
    const payloads = this.#records.map(({ payload }) => payload);
    const commit: LedgerCommit = {
      v: 1,
      sourceEpoch,
      from: this.#from,
      to: this.#position,
      started: count('opened'),
      records: count('recorded'),
      duplicates: count('duplicate'),
      poison: count('poison'),
      ...state,
      ...(latestStart === undefined ? {} : { latestStart }),
      hash: hashUnit(previousHash, payloads),
      previousHash,
      by,
      at: now,
    };
    return this.#take(commit);
  }

  #take(commit: LedgerCommit): LedgerUnit {
    const unit = { records: this.#records, commit, applied: this.#applied, poison: this.#poison };
    this.#from = this.#position;
    this.#hash = commit.hash;
    this.#records = [];
    this.#applied = [];
    this.#poison = [];
    return unit;
  }
}
