import type { AppendOutcome, LedgerMessage, LogInfo, LogMessage, LogRead, LogRequest } from '@weir/messaging';

/** Called before and after each thing that a process asks of the world; throws where the process is to die. */
export type Step = (moment: 'before' | 'after') => void;

const matches = (pattern: string | undefined, subject: string): boolean =>
  pattern === undefined || pattern === subject;

/** A stream that lives on while the processes that use it die. */
export class FakeLog {
  readonly messages: LogMessage[] = [];
  epoch = '2026-01-01T00:00:00Z';
  step: Step = () => undefined;
  #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get last(): number {
    return this.messages.length;
  }

  store(subject: string, data: Uint8Array): void {
    this.messages.push({ sequence: this.last + 1, subject, data, at: this.#now() });
  }

  /** The stream as one process sees it. */
  as(step: Step) {
    return {
      info: (): Promise<LogInfo> =>
        perform(step, () => ({ epoch: this.epoch, first: 1, last: this.last })),
      read: (request: LogRequest): Promise<LogRead> => perform(step, () => this.#read(request)),
      append: (unit: readonly LedgerMessage[], expectedLastSequence: number): Promise<AppendOutcome> =>
        perform(step, () => this.#append(unit, expectedLastSequence)),
    };
  }

  #read({ from, fromTime, subject, limit = 3 }: LogRequest): LogRead {
    const wanted = this.messages.filter(
      (message) =>
        (fromTime === undefined ? message.sequence >= from : message.at >= fromTime) &&
        matches(subject, message.subject),
    );
    return {
      outcome: 'read',
      messages: wanted.slice(0, limit),
      pending: Math.max(0, wanted.length - limit),
    };
  }

  #append(unit: readonly LedgerMessage[], expectedLastSequence: number): AppendOutcome {
    if (this.last !== expectedLastSequence) return { outcome: 'conflict', lastSequence: this.last };
    for (const { subject, payload } of unit) this.store(subject, payload);
    return { outcome: 'appended', lastSequence: this.last };
  }
}

const perform = async <Value>(step: Step, work: () => Value): Promise<Value> => {
  step('before');
  const value = work();
  step('after');
  return value;
};
