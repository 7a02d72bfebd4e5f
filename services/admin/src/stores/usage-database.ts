import { rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { RatedEvent } from '@weir/contracts';
import {
  type AttemptRow,
  type Measures,
  mergeRecord,
  negated,
  type SlotKey,
  slotMs,
  usageDimensions,
  usageMeasures,
} from '../core/attempt-row.ts';
import type { UsageQuery } from '../core/usage-query.ts';
import type { SumRow } from '../core/usage-sums.ts';

/** How far the ledger has been read, and which ledger: sequences mean nothing in another. */
export interface Watermark {
  readonly sequence: number;
  /** When the stream was created. Absent: nothing has been read. */
  readonly epoch: string | undefined;
}

export interface LedgerRecord {
  readonly sequence: number;
  readonly event: RatedEvent;
}

/** The place of a record: they are kept by request. */
export interface RecordPlace {
  readonly request: string;
  readonly sequence: number;
}

/** Usage, added up, in an embedded database. It can be deleted at any time: the ledger has it all. */
export interface UsageDatabase {
  readonly watermark: Watermark;
  /** Forgets everything and begins with the ledger of this epoch. */
  reset(epoch: string): void;
  /** Adds records and moves the watermark, or neither. Records at or before the watermark are passed over. */
  apply(records: readonly LedgerRecord[], upTo: number): void;
  /** The slots that there are, half-open. Undefined: none. */
  span(): { readonly first: number; readonly end: number } | undefined;
  sums(query: UsageQuery): SumRow[];
  /** The ledger records of one request, in order. */
  recordsOf(requestId: string): LedgerRecord[];
  /** Places of records behind one of them, in order, some thousand at a time. Empty: there are no more. */
  placesBehind(place: RecordPlace): readonly RecordPlace[];
  close(): void;
}

const formatVersion = 1;
const keyColumns = ['slot', ...usageDimensions, 'currency'] as const;
const measureColumns = usageMeasures;

const schema = `
  CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE attempts (
    attempt TEXT PRIMARY KEY, slot INTEGER NOT NULL, ${usageDimensions.map((name) => `${name} TEXT NOT NULL`).join(', ')},
    currency TEXT NOT NULL, ${measureColumns.map((name) => `${name} INTEGER NOT NULL`).join(', ')}
  ) WITHOUT ROWID;
  CREATE TABLE slots (
    slot INTEGER NOT NULL, ${usageDimensions.map((name) => `${name} TEXT NOT NULL`).join(', ')},
    currency TEXT NOT NULL, ${measureColumns.map((name) => `${name} INTEGER NOT NULL`).join(', ')},
    PRIMARY KEY (${keyColumns.join(', ')})
  ) WITHOUT ROWID;
  CREATE TABLE records (
    request TEXT NOT NULL, sequence INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (request, sequence)
  ) WITHOUT ROWID;
`;

const valuesOf = (names: readonly string[]): string => names.map((name) => `$${name}`).join(', ');

const attemptColumns = ['attempt', ...keyColumns, ...measureColumns];
const slotColumns = [...keyColumns, ...measureColumns];

const statements = {
  readState: 'SELECT value FROM state WHERE name = $name',
  writeState: 'INSERT OR REPLACE INTO state (name, value) VALUES ($name, $value)',
  readAttempt: 'SELECT * FROM attempts WHERE attempt = $attempt',
  writeAttempt: `INSERT OR REPLACE INTO attempts (${attemptColumns.join(', ')}) VALUES (${valuesOf(attemptColumns)})`,
  addToSlot: `INSERT INTO slots (${slotColumns.join(', ')}) VALUES (${valuesOf(slotColumns)})
    ON CONFLICT DO UPDATE SET ${measureColumns.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`,
  writeRecord:
    'INSERT OR REPLACE INTO records (request, sequence, event) VALUES ($request, $sequence, $event)',
  readRecords: 'SELECT sequence, event FROM records WHERE request = $request ORDER BY sequence',
  readPlaces: `SELECT request, sequence FROM records WHERE (request, sequence) > ($request, $sequence)
    ORDER BY request, sequence LIMIT 5000`,
  span: 'SELECT MIN(slot) AS first, MAX(slot) AS last FROM slots',
} as const;

type Row = Readonly<Record<string, unknown>>;

const measuresOf = (row: Row): Measures =>
  Object.fromEntries(
    measureColumns.map((name) => [name, BigInt((row[name] as bigint | null) ?? 0)]),
  ) as unknown as Measures;

const toAttemptRow = (row: Row): AttemptRow => ({
  attempt: String(row['attempt']),
  key: { ...(row as unknown as SlotKey), slot: Number(row['slot']) },
  measures: measuresOf(row),
});

const keyValues = (key: SlotKey): Record<string, SQLInputValue> =>
  Object.fromEntries(keyColumns.map((name) => [name, key[name]]));

const conditionsOf = ({ filters, fromSlot, toSlot }: UsageQuery) => {
  const values: Record<string, SQLInputValue> = { ...filters };
  const conditions = Object.keys(filters).map((name) => `${name} = $${name}`);
  if (fromSlot !== undefined) conditions.push('slot >= $fromSlot');
  if (toSlot !== undefined) conditions.push('slot < $toSlot');
  if (fromSlot !== undefined) values['fromSlot'] = fromSlot;
  if (toSlot !== undefined) values['toSlot'] = toSlot;
  return { where: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, values };
};

const open = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  // It is disposable: what a power cut takes is read again from the ledger.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  const found = database.prepare('PRAGMA user_version').get()?.['user_version'];
  if (found === formatVersion) return database;
  if (found !== 0) {
    for (const table of ['state', 'attempts', 'slots', 'records'])
      database.exec(`DROP TABLE IF EXISTS ${table}`);
  }
  database.exec(`BEGIN; ${schema} PRAGMA user_version = ${formatVersion}; COMMIT;`);
  return database;
};

/** A file that is no database, or a broken one, is begun anew. */
const openOrReplace = (file: string, onReplaced: (error: unknown) => void): DatabaseSync => {
  try {
    return open(file);
  } catch (error) {
    if (file === ':memory:') throw error;
    onReplaced(error);
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    return open(file);
  }
};

class SqliteUsage implements UsageDatabase {
  watermark: Watermark;
  #database: DatabaseSync;
  #prepared;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const prepare = (name: keyof typeof statements) => database.prepare(statements[name]);
    this.#prepared = {
      readState: prepare('readState'),
      writeState: prepare('writeState'),
      readAttempt: prepare('readAttempt'),
      writeAttempt: prepare('writeAttempt'),
      addToSlot: prepare('addToSlot'),
      writeRecord: prepare('writeRecord'),
      readRecords: prepare('readRecords'),
      readPlaces: prepare('readPlaces'),
      span: prepare('span'),
    };
    this.#prepared.readAttempt.setReadBigInts(true);
    this.watermark = { sequence: Number(this.#state('sequence') ?? 0), epoch: this.#state('epoch') };
  }

  reset(epoch: string): void {
    this.#inTransaction({ sequence: 0, epoch }, () =>
      this.#database.exec('DELETE FROM attempts; DELETE FROM slots; DELETE FROM records;'),
    );
  }

  apply(records: readonly LedgerRecord[], upTo: number): void {
    const { sequence, epoch } = this.watermark;
    if (upTo <= sequence) return;
    this.#inTransaction({ sequence: upTo, epoch }, () => {
      for (const record of records) if (record.sequence > sequence) this.#add(record);
    });
  }

  span(): { readonly first: number; readonly end: number } | undefined {
    const row = this.#prepared.span.get();
    const first = row?.['first'];
    const last = row?.['last'];
    return typeof first === 'number' && typeof last === 'number' ? { first, end: last + 1 } : undefined;
  }

  sums(query: UsageQuery): SumRow[] {
    const groups = [...(query.timeGroup ? ['slot'] : []), ...query.groupBy, 'currency'];
    const { where, values } = conditionsOf(query);
    const added = measureColumns.map((name) => `SUM(${name}) AS ${name}`).join(', ');
    const statement = this.#database.prepare(
      `SELECT ${groups.join(', ')}, ${added} FROM slots ${where} GROUP BY ${groups.join(', ')}`,
    );
    statement.setReadBigInts(true);
    return statement.all(values).map((row) => ({
      ...(query.timeGroup ? { slot: Number(row['slot']) } : {}),
      dimensions: query.groupBy.map((name) => String(row[name])),
      currency: String(row['currency']),
      measures: measuresOf(row),
    }));
  }

  recordsOf(requestId: string): LedgerRecord[] {
    return this.#prepared.readRecords.all({ request: requestId }).map((row) => ({
      sequence: Number(row['sequence']),
      event: JSON.parse(String(row['event'])) as RatedEvent,
    }));
  }

  placesBehind({ request, sequence }: RecordPlace): RecordPlace[] {
    return this.#prepared.readPlaces.all({ request, sequence }).map((row) => ({
      request: String(row['request']),
      sequence: Number(row['sequence']),
    }));
  }

  close(): void {
    this.#database.close();
  }

  #state(name: string): string | undefined {
    const value = this.#prepared.readState.get({ name })?.['value'];
    return value === undefined ? undefined : String(value);
  }

  #inTransaction(watermark: Watermark, work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#prepared.writeState.run({ name: 'sequence', value: String(watermark.sequence) });
      this.#prepared.writeState.run({ name: 'epoch', value: watermark.epoch ?? '' });
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
    this.watermark = watermark;
  }

  #add({ sequence, event }: LedgerRecord): void {
    const next = mergeRecord(undefined, event.data);
    const found = this.#prepared.readAttempt.get({ attempt: next.attempt });
    const before = found && toAttemptRow(found);
    const after = before ? mergeRecord(before, event.data) : next;
    if (before) this.#prepared.addToSlot.run({ ...keyValues(before.key), ...negated(before.measures) });
    this.#prepared.addToSlot.run({ ...keyValues(after.key), ...after.measures });
    this.#prepared.writeAttempt.run({ attempt: after.attempt, ...keyValues(after.key), ...after.measures });
    this.#prepared.writeRecord.run({
      request: event.data.requestId,
      sequence,
      event: JSON.stringify(event),
    });
  }
}

/** `:memory:` keeps nothing. */
export const openUsageDatabase = (file: string, onReplaced: (error: unknown) => void): UsageDatabase =>
  new SqliteUsage(openOrReplace(file, onReplaced));

/** Slots that one step of a query looks at: a day. */
export const stepSlots = 86_400_000 / slotMs;
