import { Kvm } from '@nats-io/kv';
import { startNats, type TestNats } from '@weir/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { connectNatsBus, type NatsBus } from './nats-bus.ts';
import { type EntryWriter, openEntryWriter } from './put-entry.ts';

let nats: TestNats;
let bus: NatsBus;
let run = 0;
let writer: EntryWriter;

const bucket = (): string => `bucket_${run}`;
const openBucket = () => new Kvm(bus.connection).create(bucket(), { history: 8 });

beforeAll(async () => {
  nats = await startNats();
  bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: () => undefined,
    onClosed: () => undefined,
  });
});
afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});
beforeEach(async () => {
  run += 1;
  writer = await openEntryWriter(bus, { bucket: bucket(), replicas: 1 });
});

it('writes over the revision that was seen, and says which is the next', async () => {
  expect(await writer.put('org.a', '1', 0)).toEqual({ outcome: 'written', revision: 1 });
  expect(await writer.put('org.a', '2', 1)).toEqual({ outcome: 'written', revision: 2 });
});

it('writes over no other revision', async () => {
  await writer.put('org.a', '1', 0);
  await writer.put('org.b', '1', 0);
  expect(await writer.put('org.a', 'x', 0)).toEqual({ outcome: 'lost_race' });
  expect(await writer.put('org.a', 'x', 2)).toEqual({ outcome: 'lost_race' });
  expect(await writer.put('org.c', 'x', 2)).toEqual({ outcome: 'lost_race' });
  expect((await (await openBucket()).get('org.a'))?.string()).toBe('1');
});

it('makes again what was deleted', async () => {
  await writer.put('org.a', '1', 0);
  await (await openBucket()).delete('org.a');
  expect(await writer.put('org.a', '2', 0)).toEqual({ outcome: 'written', revision: 3 });
});

it('lets one of many writers through', async () => {
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => writer.put('org.a', '1', 0)));
  expect(outcomes.filter(({ outcome }) => outcome === 'written')).toHaveLength(1);
});
