import { Kvm } from '@nats-io/kv';
import { startNats, type TestNats, waitFor } from '@weir/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCheckpointBucket } from './checkpoint-bucket.ts';
import { connectNatsBus, type NatsBus } from './nats-bus.ts';
import { type BucketEntry, watchBucket } from './watch-bucket.ts';

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
});
afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});

it('hands over the newest of every entry, and then each change, and outlives what a listener throws', async () => {
  const target = { bucket: 'things', replicas: 1 };
  const seen: BucketEntry[] = [];
  const errors: unknown[] = [];
  const empty = await watchBucket(
    bus,
    target,
    () => undefined,
    () => undefined,
  );
  empty.stop();
  const kv = await new Kvm(bus.connection).open(target.bucket);
  await kv.put('a', '1');
  await kv.put('a', '2');
  await kv.put('b.c', '1');
  const watch = await watchBucket(
    bus,
    target,
    (entry) => {
      seen.push(entry);
      if (entry.value === 'bad') throw new Error('bad');
    },
    (error) => errors.push(error),
  );
  expect(seen).toEqual([
    { key: 'a', value: '2', revision: 2 },
    { key: 'b.c', value: '1', revision: 3 },
  ]);
  await kv.put('b.c', 'bad');
  await kv.delete('a');
  await waitFor(() => seen.length === 4, { what: 'the changes' });
  expect(seen.slice(2)).toEqual([
    { key: 'b.c', value: 'bad', revision: 4 },
    { key: 'a', value: undefined, revision: 5 },
  ]);
  expect(errors).toHaveLength(1);
  watch.stop();
});

it('checkpoints are kept under their prefix', async () => {
  const bucket = await openCheckpointBucket(bus, { replicas: 1 });
  expect(await bucket.load('totals')).toEqual([]);
  await bucket.save([
    { key: 'totals.0.0', text: 'one' },
    { key: 'totals.0.1', text: 'two' },
    { key: 'others.0', text: 'three' },
  ]);
  await bucket.save([{ key: 'totals.0.1', text: 'four' }]);
  const texts = (await bucket.load('totals')).map((bytes) => Buffer.from(bytes).toString());
  expect(texts.sort()).toEqual(['four', 'one']);
});
