import { buckets, type OrgRecord, type TenantRecord } from '@weir/contracts';
import { connectNatsBus, type EntryWriter, type NatsBus, openEntryWriter } from '@weir/messaging';
import { startNats, type TestNats, waitFor } from '@weir/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startService } from './start-service.ts';
import { watchTenantRecords } from './tenant-source.ts';

let nats: TestNats;
let bus: NatsBus;
let writer: EntryWriter;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  writer = await openEntryWriter(bus, { bucket: buckets.keys, replicas: 1 });
});
afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});

const acme = (tier: string): OrgRecord => ({
  kind: 'org',
  org: 'acme',
  tier,
  rateLimits: [],
  budgets: [],
  models: ['*'],
  routes: ['*'],
  metadata: {},
  change: { by: 'admin', action: 'updated', at: 1, request: 'r' },
});

it('passes on what is there, then each change, and leaves out what cannot be read', async () => {
  await writer.put('org.acme', JSON.stringify(acme('gold')), 0);
  await writer.put('org.other', 'no record', 0);
  const heard: [entry: string, record: TenantRecord | undefined, revision: number][] = [];
  let heardWhenReady = -1;
  const refused: unknown[] = [];
  const logger = pino({ level: 'error' }, { write: (line) => refused.push(JSON.parse(line)) });
  const service = await startService({
    name: 'sample',
    env: { WEIR_HEALTH_PORT: '0' },
    logger,
    build: async (context) => {
      await watchTenantRecords(context, bus, {
        onRecord: (...record) => heard.push(record),
        onReady: () => {
          heardWhenReady = heard.length;
        },
      });
    },
  });
  expect(heard).toEqual([['org.acme', acme('gold'), 1]]);
  expect(heardWhenReady).toBe(1);
  expect(refused).toMatchObject([{ entry: 'org.other', revision: 2, problem: 'not JSON' }]);
  await writer.put('org.acme', JSON.stringify(acme('silver')), 1);
  await waitFor(() => heard.length === 2, { what: 'the change' });
  expect(heard[1]).toEqual(['org.acme', acme('silver'), 3]);
  await service.close();
});
