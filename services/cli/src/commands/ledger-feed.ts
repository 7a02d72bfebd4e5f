import { setTimeout as delay } from 'node:timers/promises';
import type { Verifier } from '@weir/ledger';
import { type LedgerAccess, readLog } from './ledger-access.ts';

/** A unit is written within milliseconds, so a ledger that ends within one is looked at again. */
const looks = 5;
const lookPauseMs = 200;

/** Reads both streams in step, as the verifier asks for them. */
export class LedgerFeed {
  #access: Pick<LedgerAccess, 'usage' | 'ledger'>;
  #verifier: Verifier;
  #nextUsage: number;
  #nextLedger: number;

  constructor(access: Pick<LedgerAccess, 'usage' | 'ledger'>, verifier: Verifier) {
    this.#access = access;
    this.#verifier = verifier;
    this.#nextUsage = verifier.from.usage;
    this.#nextLedger = verifier.from.ledger;
  }

  /** Reads the ledger up to and with this sequence, and the USAGE messages that it covers. */
  async readTo(sequence: number): Promise<void> {
    const verifier = this.#verifier;
    for (;;) {
      if (verifier.next === 'usage') await this.#readUsage();
      else if (verifier.next === 'none' || this.#nextLedger > sequence) return;
      else await this.#readLedger(sequence);
    }
  }

  /** Reads up to the end of the ledger as it is now, which is a commit, unless a unit is broken. */
  async readToEnd(): Promise<void> {
    for (let look = 0; look < looks; look += 1) {
      const { last } = await this.#access.ledger.info();
      await this.readTo(last);
      if (this.#verifier.sequence === last) return;
      await delay(lookPauseMs);
    }
  }

  /** Nothing more of the ledger is to be read; of USAGE, what it has now. */
  async finish(): Promise<void> {
    const { last } = await this.#access.usage.info();
    this.#verifier.end('ledger');
    while (this.#verifier.next === 'usage') {
      if (this.#nextUsage > last) this.#verifier.end('usage');
      else await this.#readUsage();
    }
  }

  async #readUsage(): Promise<void> {
    const messages = await readLog(this.#access.usage, this.#nextUsage);
    if (messages.length === 0) this.#verifier.end('usage');
    for (const message of messages) this.#verifier.takeUsage(message);
    this.#nextUsage = (messages.at(-1)?.sequence ?? this.#nextUsage) + 1;
  }

  async #readLedger(sequence: number): Promise<void> {
    const messages = await readLog(this.#access.ledger, this.#nextLedger);
    for (const message of messages) {
      if (message.sequence <= sequence) this.#verifier.takeLedger(message);
    }
    const last = messages.at(-1)?.sequence ?? sequence;
    this.#nextLedger = Math.min(last, sequence) + 1;
  }
}
