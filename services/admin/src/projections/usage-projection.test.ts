import { connectNatsBus, ensureStreams, type NatsBus } from '@weir/messaging';
import { startNats, type TestNats } from '@weir/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openUsageDatabase } from '../stores/usage-database.ts';
import { createTurns } from './turns.ts';
import { startUsageProjection } from './usage-projection.ts';

let nats: TestNats;
let bus: NatsBus;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  await ensureStreams(bus, { replicas: 1 });
});

afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});

test('a database of another ledger is begun anew, but not while a query reads it', async () => {
  const database = openUsageDatabase(':memory:', () => undefined);
  database.reset('another');
  database.apply([], 7);
  const turns = createTurns();
  const told = Promise.withResolvers<void>();
  const query = turns.take(async () => {
    await told.promise;
    return database.watermark;
  });
  const starting = startUsageProjection(
    { bus, database, turns, onUnreadable: () => undefined, onReset: () => told.resolve() },
    () => undefined,
  );
  expect(await query).toEqual({ sequence: 7, epoch: 'another' });
  const tail = await starting;
  expect(database.watermark.sequence).toBe(0);
  expect(database.watermark.epoch).not.toBe('another');
  await tail.stop();
  database.close();
});
