import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { buckets, parseConfig, subjects } from '@weir/contracts';
import { connectNatsBus, ensureStreams, type NatsBus, putIfChanged } from '@weir/messaging';
import { startNats, type TestNats, waitFor } from '@weir/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ratedEvent } from './testdata/rated-events.ts';
import { type StandIn, startStandIn } from './testdata/stand-in.ts';

const records = 60;
const mostKills = 2;
let nats: TestNats;
let bus: NatsBus;
let exporter: ChildProcess;
let standIn: StandIn;

/** As OpenMeter keeps them: one for each source and id. */
const kept = new Map<string, bigint>();
let deliveries = 0;
let kills = 0;

const start = (): void => {
  const entry = fileURLToPath(new URL('main.ts', import.meta.url));
  const env = {
    NATS_URL: nats.url,
    WEIR_HEALTH_PORT: '0',
    WEIR_EXPORTER_LEASE_MS: '200',
    WEIR_LOG_LEVEL: 'silent',
  };
  exporter = spawn(process.execPath, [entry], { env: { ...process.env, ...env }, stdio: 'ignore' });
};

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
  exporter?.kill('SIGKILL');
  await standIn?.close();
  await bus?.close(1_000);
  await nats?.stop();
});

const configure = async (url: string): Promise<void> => {
  const parsed = parseConfig({
    version: 1,
    upstreams: { local: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] } },
    exports: [{ name: 'meter', kind: 'openmeter', url, batchSize: 7, maxPauseMs: 50 }],
  });
  if (parsed.outcome !== 'valid') throw new Error(JSON.stringify(parsed.problems));
  const target = { bucket: buckets.config, key: 'current', replicas: 1 };
  await putIfChanged(bus, target, JSON.stringify(parsed.config));
};

test('SIGKILL after a delivery and before its position loses nothing, and doubles nothing that has ids', {
  timeout: 60_000,
}, async () => {
  for (let number = 1; number <= records; number += 1) {
    const event = ratedEvent(number);
    await bus.request(
      subjects.rated('acme', 'web', 'k1'),
      new TextEncoder().encode(JSON.stringify(event)),
      2_000,
    );
  }
  standIn = await startStandIn(({ body }) => {
    const events = JSON.parse(body) as ReturnType<typeof ratedEvent>[];
    for (const { source, id, data } of events) kept.set(`${source} ${id}`, BigInt(data.delta.chargeNano));
    deliveries += 1;
    if (deliveries % 3 !== 0 || kills >= mostKills) return { status: 204 };
    // The events are in, the answer never arrives.
    kills += 1;
    exporter.kill('SIGKILL');
    return 'hang';
  });
  await configure(standIn.url);
  while (kept.size < records) {
    start();
    await Promise.race([
      once(exporter, 'exit'),
      waitFor(() => kept.size >= records, { what: 'every record', timeoutMs: 15_000 }),
    ]);
  }
  expect(kills).toBe(mostKills);
  const total = [...kept.values()].reduce((sum, charge) => sum + charge, 0n);
  expect(total).toBe(BigInt(records) * 3_000n);
  // What came again is what was under way, and no more.
  const sent = standIn.calls.flatMap(({ body }) => JSON.parse(body) as unknown[]).length;
  expect(sent).toBeLessThanOrEqual(records + kills * 7);
});
