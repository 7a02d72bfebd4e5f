import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { UsageQuery } from '../core/usage-query.ts';
import { createUsageSums } from '../core/usage-sums.ts';
import { type Revision, toRecords } from '../testdata/ledger-records.ts';
import { type LedgerRecord, openUsageDatabase, type UsageDatabase } from './usage-database.ts';

const byModel: UsageQuery = { filters: {}, groupBy: ['model'], timeZone: 'UTC' };

const linesOf = (database: UsageDatabase, query: UsageQuery = byModel) => {
  const sums = createUsageSums(query);
  for (const row of database.sums(query)) sums.add(row);
  return sums.lines();
};

const open = (file = ':memory:'): UsageDatabase => {
  const database = openUsageDatabase(file, () => undefined);
  if (database.watermark.epoch === undefined) database.reset('2026-01-01T00:00:00Z');
  return database;
};

const revisions = fc.array(
  fc.record<Revision>({
    attempt: fc.nat(6),
    inputTokens: fc.nat(1_000),
    outputTokens: fc.nat(1_000),
    chargeNano: fc.nat(1_000_000_000),
    model: fc.constantFrom('a' as const, 'b' as const),
    quality: fc.constantFrom('reported' as const, 'estimated' as const, 'unknown' as const),
  }),
  { maxLength: 40 },
);

/** What the last revision of each attempt says, added up without a database. */
const expectedOf = (history: readonly Revision[]) => {
  const last = [...new Map(history.map((one) => [one.attempt, one])).values()];
  return (['a', 'b'] as const).flatMap((model) => {
    const own = last.filter((one) => one.model === model);
    if (own.length === 0) return [];
    const sum = (field: 'inputTokens' | 'outputTokens' | 'chargeNano'): number =>
      own.reduce((total, one) => total + one[field], 0);
    return [
      {
        model,
        attempts: own.length,
        requests: own.length,
        inputTokens: sum('inputTokens'),
        outputTokens: sum('outputTokens'),
        cachedTokens: sum('inputTokens'),
        chargeNano: String(sum('chargeNano')),
        estimatedAttempts: own.filter(({ quality }) => quality === 'estimated').length,
        unknownAttempts: own.filter(({ quality }) => quality === 'unknown').length,
      },
    ];
  });
};

const folder = mkdtempSync(join(tmpdir(), 'weir-usage-database-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the usage database', () => {
  test('has the last revision of each attempt once, however the ledger is cut and repeated', () => {
    fc.assert(
      fc.property(revisions, fc.array(fc.nat(6), { maxLength: 30 }), (history, cuts) => {
        const records = toRecords(history);
        const database = open();
        let from = 0;
        for (const size of [...cuts, records.length]) {
          const batch = records.slice(from, from + size);
          const upTo = batch.at(-1)?.sequence ?? 0;
          database.apply(batch, upTo);
          // Once more, with what came before it: nothing is counted twice.
          database.apply(records.slice(Math.max(0, from - 3), from + size), upTo);
          from += size;
        }
        expect(linesOf(database)).toMatchObject(expectedOf(history));
        expect(linesOf(database)).toHaveLength(expectedOf(history).length);
        database.close();
      }),
      { numRuns: 60 },
    );
  });

  test('keeps sums and watermark together, over a restart', () => {
    const file = join(folder, 'restart.db');
    const records = toRecords([
      { attempt: 1, inputTokens: 5, outputTokens: 7, chargeNano: 9, model: 'a', quality: 'reported' },
      { attempt: 2, inputTokens: 1, outputTokens: 1, chargeNano: 1, model: 'a', quality: 'reported' },
    ]);
    const first = open(file);
    first.apply(records.slice(0, 1), 2);
    first.close();
    const second = open(file);
    expect(second.watermark).toEqual({ sequence: 2, epoch: '2026-01-01T00:00:00Z' });
    second.apply(records, 3);
    expect(linesOf(second)).toMatchObject([{ attempts: 2, inputTokens: 6, outputTokens: 8 }]);
    second.close();
  });

  test('changes nothing when a record cannot be added', () => {
    const database = open();
    const [good, bad] = toRecords([
      { attempt: 1, inputTokens: 5, outputTokens: 7, chargeNano: 9, model: 'a', quality: 'reported' },
      { attempt: 2, inputTokens: 1, outputTokens: 1, chargeNano: 1, model: 'a', quality: 'reported' },
    ]);
    const broken = structuredClone(bad) as unknown as { event: { data: { org: unknown } } };
    broken.event.data.org = { not: 'text' };
    expect(() => database.apply([good, broken] as unknown as LedgerRecord[], 9)).toThrow();
    expect(database.watermark.sequence).toBe(0);
    expect(linesOf(database)).toEqual([]);
    database.close();
  });

  test('is begun anew where the file is no database', () => {
    const file = join(folder, 'broken.db');
    writeFileSync(file, 'this is no database, and it is longer than a header would be'.repeat(100));
    let isReplaced = false;
    const database = openUsageDatabase(file, () => {
      isReplaced = true;
    });
    expect(isReplaced).toBe(true);
    expect(database.watermark.sequence).toBe(0);
    database.close();
  });

  test('tells the records of a request in the order of the ledger', () => {
    const database = open();
    const records = toRecords([
      { attempt: 0, inputTokens: 5, outputTokens: 7, chargeNano: 9, model: 'a', quality: 'estimated' },
      { attempt: 1, inputTokens: 1, outputTokens: 1, chargeNano: 1, model: 'a', quality: 'reported' },
      { attempt: 0, inputTokens: 6, outputTokens: 8, chargeNano: 9, model: 'a', quality: 'reported' },
    ]);
    database.apply(records, 9);
    expect(database.recordsOf('request-0')).toEqual([records[0], records[2]]);
    expect(database.recordsOf('request-9')).toEqual([]);
    database.close();
  });

  test('filters, and groups by quarters of an hour', () => {
    const database = open();
    database.apply(
      toRecords([
        { attempt: 0, inputTokens: 5, outputTokens: 7, chargeNano: 9, model: 'a', quality: 'reported' },
        { attempt: 4, inputTokens: 1, outputTokens: 1, chargeNano: 1, model: 'b', quality: 'reported' },
      ]),
      9,
    );
    const hourly: UsageQuery = { filters: {}, groupBy: [], timeGroup: 'hour', timeZone: 'UTC' };
    expect(linesOf(database, hourly)).toMatchObject([
      { hour: '2026-11-20T10:00+00:00', inputTokens: 5 },
      { hour: '2026-11-20T11:00+00:00', inputTokens: 1 },
    ]);
    expect(linesOf(database, { ...byModel, filters: { model: 'b' } })).toMatchObject([{ model: 'b' }]);
    expect(linesOf(database, { ...byModel, filters: { model: "b' OR 1=1 --" } })).toEqual([]);
    database.close();
  });
});
