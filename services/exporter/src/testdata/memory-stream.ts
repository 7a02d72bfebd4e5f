import { type LedgerCommit, subjects } from '@weir/contracts';
import type { LogMessage, LogReader } from '@weir/messaging';
import { ratedEvent } from './rated-events.ts';

const encoder = new TextEncoder();

const commit: LedgerCommit = {
  v: 1,
  sourceEpoch: '2026-11-01T00:00:00Z',
  from: 0,
  to: 1,
  started: 0,
  records: 1,
  duplicates: 0,
  poison: 0,
  lowWater: 0,
  openIntents: 0,
  hash: '0'.repeat(64),
  previousHash: '0'.repeat(64),
  by: 'test',
  at: 0,
};

/** A stream in memory. */
export class MemoryStream implements LogReader {
  epoch = '2026-11-20T00:00:00Z';
  first = 1;
  away = false;
  messages: LogMessage[] = [];

  append(subject: string, value: unknown): number {
    const sequence = (this.messages.at(-1)?.sequence ?? 0) + 1;
    this.messages.push({ sequence, subject, data: encoder.encode(JSON.stringify(value)), at: 0 });
    return sequence;
  }

  /** Units of one record and its commit. */
  appendUnits(count: number, org = 'acme'): void {
    for (let number = 0; number < count; number += 1) {
      const event = ratedEvent(this.messages.length + 1, { org });
      this.append(subjects.rated(org, 'web', 'k1'), event);
      this.append(subjects.ledgerCommit, commit);
    }
  }

  async read({ from, limit = 256 }: { from: number; limit?: number }) {
    if (this.away) return { outcome: 'away' as const, why: 'nobody answers' };
    const found = this.messages.filter(({ sequence }) => sequence >= Math.max(from, this.first));
    const messages = found.slice(0, limit);
    return { outcome: 'read' as const, messages, pending: found.length - messages.length };
  }

  async info() {
    return { epoch: this.epoch, first: this.first, last: this.messages.at(-1)?.sequence ?? 0 };
  }

  close(): void {
    this.away = true;
  }
}
