import type { Api } from '@weir/contracts';

/** `rejected`: the request itself was refused. `faulted`: an injected fault ended the call. */
export type CallOutcome = 'active' | 'completed' | 'aborted' | 'faulted' | 'rejected';

/** One call as the provider counts it. Times are milliseconds since the epoch. */
export interface CallRecord {
  /** The caller's `x-request-id`. */
  readonly id: string;
  /** The caller's `x-weir-attempt`: number and run of the attempt. */
  readonly attempt?: string;
  readonly api: Api;
  readonly model: string;
  readonly stream: boolean;
  readonly startedAt: number;
  /** Name of the fault that was injected. */
  readonly fault?: string;
  /** HTTP status sent. 0 while none was. */
  readonly status: number;
  /** Tokens of the prompt. 0 when the call was refused. */
  readonly promptTokens: number;
  /** Tokens handed to the client's socket; of a call that is not a stream, tokens generated. */
  readonly completionTokens: number;
  /** The final usage was handed to the client's socket. It may not have got there when the call is `aborted`. */
  readonly usageSent: boolean;
  readonly outcome: CallOutcome;
  readonly endedAt?: number;
  readonly abortedAt?: number;
}

export type CallStart = Pick<
  CallRecord,
  'id' | 'attempt' | 'api' | 'model' | 'stream' | 'startedAt' | 'fault'
>;

export type CallUpdate = Partial<
  Pick<
    CallRecord,
    'status' | 'promptTokens' | 'completionTokens' | 'usageSent' | 'outcome' | 'endedAt' | 'abortedAt'
  >
>;

export interface CallTotals {
  readonly calls: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly outcomes: Readonly<Record<CallOutcome, number>>;
}

type MutableRecord = { -readonly [Key in keyof CallRecord]: CallRecord[Key] };

const emptyOutcomes = { active: 0, completed: 0, aborted: 0, faulted: 0, rejected: 0 };

/** The provider's own books: the oracle that a ledger is compared with. Totals outlive evicted records. */
export class CallLog {
  readonly #maxCalls: number;
  readonly #calls = new Map<string, MutableRecord[]>();
  #kept = 0;
  #totals = { calls: 0, promptTokens: 0, completionTokens: 0, outcomes: { ...emptyOutcomes } };

  constructor(maxCalls: number) {
    this.#maxCalls = maxCalls;
  }

  begin(start: CallStart): CallRecord {
    const record: MutableRecord = {
      ...start,
      status: 0,
      promptTokens: 0,
      completionTokens: 0,
      usageSent: false,
      outcome: 'active',
    };
    const known = this.#calls.get(start.id);
    if (known === undefined) this.#calls.set(start.id, [record]);
    else known.push(record);
    this.#kept += 1;
    this.#totals.calls += 1;
    this.#totals.outcomes.active += 1;
    while (this.#kept > this.#maxCalls) this.#evictOldest();
    return record;
  }

  update(record: CallRecord, update: CallUpdate): void {
    this.#totals.promptTokens += (update.promptTokens ?? record.promptTokens) - record.promptTokens;
    this.#totals.completionTokens +=
      (update.completionTokens ?? record.completionTokens) - record.completionTokens;
    if (update.outcome !== undefined) {
      this.#totals.outcomes[record.outcome] -= 1;
      this.#totals.outcomes[update.outcome] += 1;
    }
    Object.assign(record, update);
  }

  find(id: string): readonly CallRecord[] {
    return this.#calls.get(id) ?? [];
  }

  all(): readonly CallRecord[] {
    return [...this.#calls.values()].flat();
  }

  totals(): CallTotals {
    return structuredClone(this.#totals);
  }

  /** Forgets everything but the calls in flight. */
  reset(): void {
    const active = this.all().filter((record) => record.outcome === 'active') as MutableRecord[];
    this.#calls.clear();
    this.#kept = 0;
    this.#totals = { calls: 0, promptTokens: 0, completionTokens: 0, outcomes: { ...emptyOutcomes } };
    for (const record of active) {
      this.#calls.set(record.id, [...(this.#calls.get(record.id) ?? []), record]);
      this.#kept += 1;
      this.#totals.calls += 1;
      this.#totals.outcomes.active += 1;
      this.#totals.promptTokens += record.promptTokens;
      this.#totals.completionTokens += record.completionTokens;
    }
  }

  #evictOldest(): void {
    const [oldest] = this.#calls;
    if (oldest === undefined) return;
    const [id, records] = oldest;
    records.shift();
    this.#kept -= 1;
    if (records.length === 0) this.#calls.delete(id);
  }
}
