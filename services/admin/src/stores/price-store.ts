import {
  buckets,
  type ImportedBook,
  type RecordChange,
  readImportedBook,
  renderProblem,
} from '@weir/contracts';
import { noOrg } from '../core/audit-event.ts';
import type { TakenEntry } from '../projections/bucket-projection.ts';
import type { AuditedBucket, Written } from './audited-bucket.ts';

export interface KeptBook {
  readonly name: string;
  readonly book: ImportedBook;
  readonly change: RecordChange;
  readonly revision: number;
}

/** Imported price books, by name. */
export interface PriceStore {
  books(): readonly KeptBook[];
  book(name: string): KeptBook | undefined;
  put(
    kept: Omit<KeptBook, 'revision'>,
    expectedRevision: number,
  ): Promise<Written | { readonly outcome: 'too_large' }>;
}

export const priceBucket = buckets.prices;
const entryPrefix = 'book.';
/** The headers of a message count as part of it. */
const headerBytes = 1_024;

const isChange = (value: unknown): value is RecordChange =>
  typeof value === 'object' && value !== null && 'by' in value && 'action' in value && 'at' in value;

/** An entry that somebody wrote without the admin API says nothing of who it was. */
const changeOf = (value: unknown): RecordChange => {
  const change = (value as { readonly change?: unknown }).change;
  return isChange(change) ? change : { by: 'unknown', action: 'updated', at: 0, request: '' };
};

export type KeptBooks = Map<string, KeptBook>;

/** Reads an entry of the bucket into the books. */
export const takeBook = (books: KeptBooks, key: string, value: unknown, revision: number): TakenEntry => {
  const read = readImportedBook(value);
  if (read.outcome === 'invalid')
    return { outcome: 'unreadable', problem: read.problems.slice(0, 3).map(renderProblem).join('; ') };
  const name = key.slice(entryPrefix.length);
  const change = changeOf(value);
  if (revision > (books.get(name)?.revision ?? 0))
    books.set(name, { name, book: read.book, change, revision });
  const { source, currency, models } = read.book;
  const state = { source, currency, models: models.length };
  return { outcome: 'taken', audited: { change, subject: { kind: 'book', org: noOrg, book: name, state } } };
};

export const createPriceStore = (
  books: KeptBooks,
  bucket: AuditedBucket,
  maxPayloadBytes: () => number,
): PriceStore => ({
  books: () => [...books.values()].sort((left, right) => (left.name < right.name ? -1 : 1)),
  book: (name) => books.get(name),
  put: async (kept, expectedRevision) => {
    const { name, book, change } = kept;
    const text = JSON.stringify({ ...book, change });
    if (Buffer.byteLength(text) + headerBytes > maxPayloadBytes()) return { outcome: 'too_large' };
    const written = await bucket.put(entryPrefix + name, text, expectedRevision);
    if (written.outcome === 'written') books.set(name, { ...kept, revision: written.revision });
    return written;
  },
});
