import type { RatedDelta } from '@weir/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openUsageDatabase } from '../stores/usage-database.ts';
import { type Revision, toRecords } from '../testdata/ledger-records.ts';
import { createTurns } from './turns.ts';
import { createUsageReader } from './usage-reader.ts';

const epoch = '2026-01-01T00:00:00Z';

const open = () => {
  const database = openUsageDatabase(':memory:', () => undefined);
  database.reset(epoch);
  const turns = createTurns();
  return { database, turns, reader: createUsageReader(database, turns) };
};

const revisions = fc.array(
  fc.record<Revision>({
    attempt: fc.nat(400),
    inputTokens: fc.nat(1_000),
    outputTokens: fc.nat(1_000),
    chargeNano: fc.nat(1_000_000_000),
    model: fc.constantFrom('a' as const, 'b' as const),
    quality: fc.constantFrom('reported' as const, 'estimated' as const),
  }),
  { maxLength: 40 },
);

test('law: what the database holds is the number of records, and the sums of their differences', async () => {
  await fc.assert(
    fc.asyncProperty(revisions, async (history) => {
      const { database, reader } = open();
      const records = toRecords(history);
      const upTo = (records.at(-1)?.sequence ?? 0) + 1;
      database.apply(records, upTo);
      const sum = (read: (delta: RatedDelta) => number | string): bigint =>
        records.reduce((total, { event }) => total + BigInt(read(event.data.delta)), 0n);
      expect(await reader.held()).toEqual({
        outcome: 'held',
        watermark: { sequence: upTo, epoch },
        records: records.length,
        requests: sum(({ requests }) => requests),
        inputTokens: sum(({ inputTokens }) => inputTokens),
        outputTokens: sum(({ outputTokens }) => outputTokens),
        costNano: sum(({ amountNano }) => amountNano),
        chargeNano: sum(({ chargeNano }) => chargeNano),
      });
      database.close();
    }),
    { numRuns: 40 },
  );
});

test('records are counted beyond what is read at a time, and nothing is added meanwhile', async () => {
  const { database, turns, reader } = open();
  const many = toRecords(
    Array.from({ length: 12_345 }, (_, attempt) => ({
      attempt,
      inputTokens: 1,
      outputTokens: 2,
      chargeNano: 3,
      model: 'a' as const,
      quality: 'reported' as const,
    })),
  );
  database.apply(many.slice(0, -1), 1_000_000);
  const reading = reader.held();
  const adding = turns.take(async () => database.apply(many.slice(-1), 1_000_001));
  expect(await reading).toMatchObject({ records: 12_344, watermark: { sequence: 1_000_000 } });
  await adding;
  database.close();
});

test('who asks while many wait is refused, and may ask again', async () => {
  const { database, turns, reader } = open();
  const released = Promise.withResolvers<void>();
  const waiting = Array.from({ length: 32 }, () => turns.take(() => released.promise));
  expect(await reader.held()).toMatchObject({ outcome: 'refused', reason: 'not_ready' });
  released.resolve();
  await Promise.all(waiting);
  expect(await reader.held()).toMatchObject({ outcome: 'held', records: 0 });
  database.close();
});
