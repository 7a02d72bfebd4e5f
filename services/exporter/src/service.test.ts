import { buckets, parseConfig, streams, subjects, thresholdEventType } from '@weir/contracts';
import {
  connectNatsBus,
  createLedgerPublisher,
  createLogPositions,
  createLogReader,
  createOncePublisher,
  ensureStreams,
  type LedgerPublisher,
  type NatsBus,
  putIfChanged,
} from '@weir/messaging';
import { type RunningService, startService } from '@weir/runtime';
import { startNats, type TestNats, waitFor } from '@weir/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { build } from './service.ts';
import { ratedEvent } from './testdata/rated-events.ts';
import { type StandIn, type StandInAnswer, type StandInCall, startStandIn } from './testdata/stand-in.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const encoder = new TextEncoder();
const commit = {
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

let nats: TestNats;
let bus: NatsBus;
let ledger: LedgerPublisher;
let lastSequence = 0;
let records = 0;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  await ensureStreams(bus, { replicas: 1 });
  ledger = createLedgerPublisher(bus, 2_000, () => undefined);
});
afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A unit of records and its commit, as metering writes it. Returns their ids. */
const append = async (count: number): Promise<string[]> => {
  const events = Array.from({ length: count }, () => {
    records += 1;
    return ratedEvent(records);
  });
  const unit = [
    ...events.map((event) => ({
      subject: subjects.rated('acme', 'web', 'k1'),
      payload: encoder.encode(JSON.stringify(event)),
    })),
    { subject: subjects.ledgerCommit, payload: encoder.encode(JSON.stringify(commit)) },
  ];
  const appended = await ledger.append(unit, lastSequence);
  if (appended.outcome !== 'appended') throw new Error('somebody else writes the ledger');
  lastSequence = appended.lastSequence;
  return events.map(({ id }) => id);
};

const configure = async (...exports: object[]): Promise<void> => {
  const parsed = parseConfig({
    version: 1,
    upstreams: { local: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] } },
    exports,
  });
  if (parsed.outcome !== 'valid') throw new Error(JSON.stringify(parsed.problems));
  const target = { bucket: buckets.config, key: 'current', replicas: 1 };
  await putIfChanged(bus, target, JSON.stringify(parsed.config));
};

const start = async (): Promise<RunningService> => {
  const service = await startService({
    name: 'exporter',
    build,
    env: {
      NATS_URL: nats.url,
      WEIR_HEALTH_PORT: '0',
      WEIR_LOG_LEVEL: 'silent',
      WEIR_EXPORTER_LEASE_MS: '500',
      SECRET: secret,
    },
  });
  closers.push(service.close);
  return service;
};

const listen = async (answer: (call: StandInCall) => StandInAnswer): Promise<StandIn> => {
  const standIn = await startStandIn(answer);
  closers.push(standIn.close);
  return standIn;
};

const idsIn = ({ body }: StandInCall): string[] =>
  [JSON.parse(body) as { id: string } | { id: string }[]].flat().map(({ id }) => id);
const takenBy = (standIn: StandIn): string[] => standIn.calls.flatMap(idsIn);

const meter = (name: string, url: string, more: object = {}) => ({
  name,
  kind: 'openmeter',
  url,
  maxPauseMs: 50,
  timeoutMs: 500,
  ...more,
});

const metricsOf = async ({ healthPort }: RunningService): Promise<string> =>
  (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text();

test('a sink that is down hinders no other, and the exporter stays ready', async () => {
  const up = await listen(() => ({ status: 204 }));
  const down = await listen(() => ({ status: 503 }));
  const ids = await append(5);
  await configure(meter('up', up.url), meter('down', down.url), meter('nowhere', 'http://127.0.0.1:1'));
  const service = await start();
  await waitFor(() => ids.every((id) => takenBy(up).includes(id)), { what: 'the sink that is up' });
  await waitFor(() => down.calls.length > 2, { what: 'some tries' });
  const more = await append(3);
  await waitFor(() => more.every((id) => takenBy(up).includes(id)), { what: 'the sink that is up' });
  expect(takenBy(up)).toEqual([...new Set(takenBy(up))]);
  const metrics = await metricsOf(service);
  expect(metrics).toContain('weir_export_degraded{sink="down",service="exporter"} 1');
  expect(metrics).toContain('weir_export_degraded{sink="up",service="exporter"} 0');
  expect(metrics).toMatch(/weir_export_delivered_total\{sink="up",service="exporter"\} 8/);
  expect((await fetch(`http://127.0.0.1:${service.healthPort}/health/ready`)).status).toBe(200);
});

test('two replicas deliver each record once while nothing fails, and one goes on when the other ends', async () => {
  const sink = await listen(() => ({ status: 204 }));
  await configure(meter('shared', sink.url, { startAt: 'new' }));
  const positions = createLogPositions(bus, { key: 'sink.shared', replicas: 1 });
  const services = [await start(), await start()];
  await waitFor(() => positions.read(), { what: 'the sink to begin' });
  const first = await append(4);
  await waitFor(() => takenBy(sink).length >= first.length, { what: 'the first' });
  const owner = (await Promise.all(services.map(metricsOf))).findIndex((text) =>
    text.includes('sink="shared"'),
  );
  await services[owner]?.close();
  const second = await append(4);
  await waitFor(() => takenBy(sink).length >= 8, { what: 'the other replica' });
  expect(takenBy(sink)).toEqual([...first, ...second]);
  // It is kept behind the delivery.
  await waitFor(async () => (await positions.read())?.sequence === lastSequence, { what: 'its position' });
});

test('what a sink refuses for good is in the dead letters, with the answer', async () => {
  const ids = await append(6);
  const poison = ids[2] ?? '';
  const sink = await listen((call) =>
    idsIn(call).includes(poison) ? { status: 400, body: 'no such meter' } : { status: 204 },
  );
  await configure(meter('picky', sink.url));
  await start();
  const reader = createLogReader(bus, streams.deadLetters);
  const letter = await waitFor(
    async () => {
      const read = await reader.read({ from: 1 });
      return read.outcome === 'read' ? read.messages.at(0) : undefined;
    },
    { what: 'the dead letter' },
  );
  reader.close();
  expect(letter.subject).toBe('weir.dlq.v1.exporter');
  expect(JSON.parse(Buffer.from(letter.data).toString())).toMatchObject({
    sink: 'picky',
    problem: 'answered 400: no such meter',
    event: { id: poison },
  });
  const delivered = ids.filter((id) => id !== poison);
  await waitFor(() => delivered.every((id) => takenBy(sink).includes(id)), { what: 'the others' });
});

test('a webhook gets usage and alerts, and no more when the configuration drops it', async () => {
  const hook = await listen(() => ({ status: 200 }));
  const config = {
    name: 'hook',
    kind: 'webhook',
    url: `${hook.url}/in`,
    secret: { fromEnv: 'SECRET' },
    startAt: 'new',
  };
  await configure(config);
  await start();
  for (const key of ['sink.hook', 'sink.hook.alerts']) {
    const positions = createLogPositions(bus, { key, replicas: 1 });
    await waitFor(() => positions.read(), { what: key });
  }
  const alert = {
    type: thresholdEventType,
    id: 'alert-1',
    source: '/gateways/test',
    subject: 'acme',
    data: {},
  };
  const alerts = createOncePublisher(bus, 2_000, () => undefined);
  const subject = subjects.alert({ org: 'acme', budget: 'b1', period: '1', threshold: '800' });
  await alerts.publish(subject, encoder.encode(JSON.stringify(alert)), 'alert-1');
  const [id = ''] = await append(1);
  await waitFor(() => takenBy(hook).length >= 2, { what: 'both' });
  expect(takenBy(hook).toSorted()).toEqual([id, 'alert-1'].toSorted());

  const other = await listen(() => ({ status: 204 }));
  await configure(meter('other', other.url, { startAt: 'new' }));
  const positions = createLogPositions(bus, { key: 'sink.other', replicas: 1 });
  await waitFor(() => positions.read(), { what: 'the new configuration' });
  await append(1);
  await waitFor(() => other.calls.length > 0, { what: 'the new sink' });
  expect(hook.calls).toHaveLength(2);
});
