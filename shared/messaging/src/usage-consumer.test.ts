import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { streams, subjects, toStartedEvent, type UsageEvent } from '@weir/contracts';
import { startNats, type TestNats, waitFor } from '@weir/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectNatsBus, type NatsBus } from './nats-bus.ts';
import { ensureStreams } from './streams.ts';
import { followUsage } from './usage-consumer.ts';
import { createUsagePublisher, type UsagePublisher } from './usage-publisher.ts';

let nats: TestNats;
let bus: NatsBus;
let publisher: UsagePublisher;
let run = 0;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  await ensureStreams(bus, { replicas: 1 });
  publisher = createUsagePublisher({ bus, ackTimeoutMs: 2_000, onRetry: () => undefined });
});
afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});
beforeEach(() => {
  run += 1;
});

const toEvent = (number: number): UsageEvent =>
  toStartedEvent('/gateways/test', {
    requestId: `run-${run}-${number}`,
    attempt: 1,
    run: 'a',
    org: 'demo',
    team: '_',
    key: 'demo',
    route: 'openai-chat',
    api: 'openai.chat',
    upstream: 'a',
    target: 't0',
    provider: 'openai',
    modelRequested: 'm',
    startedAt: 1_700_000_000_000,
    deadline: 1_700_000_060_000,
    stream: false,
  });

const idOf = (number: number): string => `run-${run}-${number}.1.a:s`;

const follow = (
  onBatch: (events: readonly UsageEvent[]) => void,
  poison: string[] = [],
  errors: unknown[] = [],
) =>
  followUsage({
    bus,
    durable: `reader-${run}`,
    onBatch,
    onPoison: (problem) => poison.push(problem),
    onError: (error) => errors.push(error),
  });

describe('following the stream of usage events', () => {
  it('hands over every event once, in order, whether it was there before or comes later', async () => {
    const seen: string[] = [];
    for (let number = 0; number < 300; number += 1) await publisher.publish(toEvent(number), true);
    const tail = await follow((events) => {
      for (const { id } of events) if (id.startsWith(`run-${run}-`)) seen.push(id);
    });
    await waitFor(() => seen.length === 300, { what: 'the events that were there' });
    await publisher.publish(toEvent(300), true);
    await waitFor(() => seen.length === 301, { what: 'the event that came later' });
    expect(seen).toEqual(Array.from({ length: 301 }, (_unused, number) => idOf(number)));
    await tail.stop();
  });

  it('goes on behind what it has acknowledged', async () => {
    const first: string[] = [];
    const one = await follow((events) => first.push(...events.map(({ id }) => id)));
    await publisher.publish(toEvent(1), true);
    await waitFor(() => first.includes(idOf(1)), { what: 'the first event' });
    await one.stop();
    await bus.flush(1_000);
    await publisher.publish(toEvent(2), true);
    const second: string[] = [];
    const two = await follow((events) => second.push(...events.map(({ id }) => id)));
    await waitFor(() => second.includes(idOf(2)), { what: 'the second event' });
    expect(second).not.toContain(idOf(1));
    await two.stop();
  });

  it('gets a batch again when it could not be taken', async () => {
    let tries = 0;
    const tail = await follow((events) => {
      if (!events.some(({ id }) => id === idOf(1))) return;
      tries += 1;
      if (tries === 1) throw new Error('not now');
    });
    await publisher.publish(toEvent(1), true);
    await waitFor(() => tries === 2, { what: 'the batch to come again' });
    await tail.stop();
  });

  it('reports what is no batch, and goes on', async () => {
    const poison: string[] = [];
    const seen: string[] = [];
    const tail = await follow((events) => seen.push(...events.map(({ id }) => id)), poison);
    bus.publish(subjects.usage, Buffer.from('no JSON'));
    await publisher.publish(toEvent(1), true);
    await waitFor(() => seen.includes(idOf(1)) && poison.length > 0, { what: 'the event behind the poison' });
    await tail.stop();
  });

  it('says so when its consumer is gone', async () => {
    const errors: unknown[] = [];
    const tail = await follow(() => undefined, [], errors);
    await delay(0);
    const manager = await jetstreamManager(bus.connection);
    await manager.consumers.delete(streams.usage, `reader-${run}`);
    await waitFor(() => errors.length > 0, { what: 'the error' });
    await tail.stop();
  });
});
