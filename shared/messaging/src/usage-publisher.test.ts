import { type AttemptFinal, streams, toFinalEvent, type UsageEvent } from '@weir/contracts';
import { startNats, type TestNats } from '@weir/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLogReader } from './log-reader.ts';
import { connectNatsBus, type NatsBus } from './nats-bus.ts';
import { ensureStreams } from './streams.ts';
import { createUsagePublisher } from './usage-publisher.ts';

let nats: TestNats;
let bus: NatsBus;

const open = (): Promise<NatsBus> =>
  connectNatsBus({ servers: [nats.url], name: 'test', onError: () => undefined, onClosed: () => undefined });

beforeAll(async () => {
  nats = await startNats();
  bus = await open();
  await ensureStreams(bus, { replicas: 1 });
});
afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});

const final = (requestId: string, fields: Partial<AttemptFinal> = {}): UsageEvent =>
  toFinalEvent('/gateways/test', {
    requestId,
    attempt: 1,
    run: 'a',
    org: 'acme',
    team: '_',
    key: 'k1',
    route: 'chat',
    api: 'openai.chat',
    upstream: 'gpu',
    target: 't0',
    provider: 'openai',
    modelRequested: 'small',
    startedAt: 1_000,
    deadline: 2_000,
    stream: false,
    revision: 1,
    quality: 'reported',
    outcome: 'completed',
    usage: { inputTotal: 1, outputTotal: 1 },
    totalMs: 1,
    deliveredBytes: 1,
    ...fields,
  });

const publisherOn = (connected: NatsBus, onRetry: (error: unknown) => void = () => undefined) =>
  createUsagePublisher({ bus: connected, ackTimeoutMs: 300, onRetry });

/** The ids of all events in USAGE whose requests begin so. */
const stored = async (prefix: string): Promise<string[]> => {
  const reader = createLogReader(bus, streams.usage);
  const read = await reader.read({ from: 1 });
  reader.close();
  if (read.outcome === 'away') throw new Error(read.why);
  const events = read.messages.flatMap(
    ({ data }) => JSON.parse(new TextDecoder().decode(data)) as UsageEvent[],
  );
  return events.map(({ data }) => data.requestId).filter((id) => id.startsWith(prefix));
};

it('what nobody waits for is stored all the same before the process may end (complaint 13)', async () => {
  const ending = await open();
  const publisher = publisherOn(ending);
  const ids = Array.from({ length: 500 }, (_unused, index) => `ending-${index}`);
  for (const id of ids) void publisher.publish(final(id), false);
  await publisher.idle();
  await ending.close(1_000);
  expect(await stored('ending-')).toEqual(ids);
});

it('what was stored without an answer is sent again, and stored once (complaint 14)', async () => {
  const retries: unknown[] = [];
  const publisher = publisherOn(bus, (error) => retries.push(error));
  await publisher.publish(final('warm'), true);
  process.kill(nats.pid(), 'SIGSTOP');
  // On a busy machine the threads of the server stop one by one, and may answer meanwhile.
  await expect
    .poll(() =>
      bus.flush(200).then(
        () => 'answers',
        () => 'stopped',
      ),
    )
    .toBe('stopped');
  const published = publisher.publish(final('unanswered-1'), true);
  await expect.poll(() => retries.length, { timeout: 5_000 }).toBeGreaterThan(0);
  process.kill(nats.pid(), 'SIGCONT');
  expect(await published).toEqual({ outcome: 'committed' });
  expect(await stored('unanswered-')).toEqual(['unanswered-1']);
});

it('an event that is larger than any message may be is refused, and holds up no other', async () => {
  const publisher = publisherOn(bus);
  const huge = publisher.publish(final('huge-1', { modelServed: '語'.repeat(25_000) }), true);
  const next = publisher.publish(final('huge-2'), true);
  expect(await huge).toMatchObject({ outcome: 'refused' });
  expect(await next).toEqual({ outcome: 'committed' });
  expect(await stored('huge-')).toEqual(['huge-2']);
});

it('names in any script are counted by their bytes', async () => {
  const publisher = publisherOn(bus);
  const ids = Array.from({ length: 200 }, (_unused, index) => `script-${index}`);
  const modelRequested = '語'.repeat(2_000);
  await Promise.all(ids.map((id) => publisher.publish(final(id, { modelRequested }), true)));
  expect(await stored('script-')).toEqual(ids);
});
