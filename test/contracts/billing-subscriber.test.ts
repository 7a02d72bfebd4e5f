import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AckPolicy, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { type RatedEvent, streams, subjects, toRatedEvent } from '@weir/contracts';
import { connectNatsBus, ensureStreams, type NatsBus } from '@weir/messaging';
import { startNats, type TestNats, waitFor } from '@weir/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { goldenRatedEvent } from './golden-events.ts';

let nats: TestNats;
let bus: NatsBus;
let manager: JetStreamManager;

const durable = 'billing-acme';

beforeAll(async () => {
  nats = await startNats();
  bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  await ensureStreams(bus, { replicas: 1 });
  manager = await jetstreamManager(bus.connection);
  await manager.consumers.add(streams.ledger, {
    durable_name: durable,
    filter_subject: subjects.ratedOf('acme'),
    ack_policy: AckPolicy.Explicit,
    ack_wait: 1_000_000_000,
  });
});
afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});

const { data } = goldenRatedEvent;

const record = (run: string, revision: number, inputTokens: number, chargeNano: string): RatedEvent =>
  toRatedEvent('/gateways/test', {
    ...data,
    run,
    revision,
    delta: {
      amountNano: chargeNano,
      chargeNano,
      inputTokens,
      outputTokens: 2,
      requests: revision === 0 ? 1 : 0,
    },
  });

const append = async (event: RatedEvent): Promise<void> => {
  const subject = subjects.rated(event.data.org, event.data.team, event.data.key);
  await bus.request(subject, new TextEncoder().encode(JSON.stringify(event)), 2_000);
};

const startSubscriber = (): { lines: () => string[]; kill: () => void } => {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../../examples/billing/subscriber.ts', import.meta.url))],
    { env: { ...process.env, NATS_URL: nats.url, ORG: 'acme' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const kill = () => void child.kill('SIGKILL');
  onTestFinished(kill);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return { lines: () => output.split('\n').filter((line) => line !== ''), kill };
};

test('the subscriber of the documentation adds up deltas, and counts what comes twice once', async () => {
  const large = '12345678901234567890';
  const events = [record('a', 0, 10, '500'), record('b', 0, 20, large), record('a', 1, -4, '-100')];
  for (const event of [...events, record('a', 0, 10, '500')]) await append(event);
  await append(toRatedEvent('/gateways/test', { ...data, org: 'rival' }));
  const subscriber = startSubscriber();
  await waitFor(() => subscriber.lines().length >= 4, { what: 'four records' });
  expect(JSON.parse(subscriber.lines()[3] ?? '')).toEqual([
    {
      model: 'meta/llama-70b USD',
      requests: 2,
      inputTokens: 26,
      outputTokens: 6,
      chargeNano: String(BigInt(large) + 400n),
    },
  ]);
  // What it had not acknowledged yet would rightly come once more.
  await waitFor(
    async () => (await manager.consumers.info(streams.ledger, durable)).ack_floor.consumer_seq >= 4,
    { what: 'the four to be acknowledged' },
  );
  subscriber.kill();

  await append(record('c', 0, 1, '1'));
  const next = startSubscriber();
  await waitFor(() => next.lines().length >= 1, { what: 'the record that came meanwhile' });
  expect(JSON.parse(next.lines().at(-1) ?? '')).toMatchObject([{ requests: 1, inputTokens: 1 }]);
});
