import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { startNats, type TestNats, waitFor } from '@weir/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLogReader, type LogMessage } from './log-reader.ts';
import { followLog, type LogTailOptions } from './log-tail.ts';
import { connectNatsBus, type NatsBus } from './nats-bus.ts';
import { createStreamPublisher } from './stream-publisher.ts';

let nats: TestNats;
let bus: NatsBus;
let manager: JetStreamManager;
let publish: ReturnType<typeof createStreamPublisher>;
let stream = '';
let count = 0;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  manager = await jetstreamManager(bus.connection);
  publish = createStreamPublisher(bus, 2_000, () => undefined);
});
afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});

const createStream = () =>
  manager.streams.add({ name: stream, subjects: [`${stream}.>`], allow_direct: true });

beforeEach(async () => {
  count += 1;
  stream = `LOG${count}`;
  await createStream();
});

const store = async (from: number, to: number, token = 'a'): Promise<void> => {
  for (let number = from; number <= to; number += 1) {
    await publish(`${stream}.${token}`, Buffer.from(String(number)), `${stream}-${token}-${number}`);
  }
};

const follow = async (options: Partial<LogTailOptions> = {}) => {
  const batches: (readonly LogMessage[])[] = [];
  const errors: Error[] = [];
  const tail = await followLog({
    bus,
    stream,
    from: 1,
    pauseMs: 10,
    onMessages: (messages) => {
      batches.push(messages);
    },
    onError: (error) => errors.push(error),
    ...options,
  });
  const texts = () => batches.flat().map(({ data }) => Buffer.from(data).toString());
  return { tail, batches, errors, texts };
};

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_unused, index) => String(from + index));

describe('following a log', () => {
  it('hands over every message once, in order, whether it was there before or comes later', async () => {
    await store(1, 600);
    const { tail, texts, batches } = await follow();
    await waitFor(() => texts().length === 600, { what: 'the messages that were there' });
    expect(batches.map(({ length }) => length)).toEqual([256, 256, 88]);
    await store(601, 603);
    await waitFor(() => texts().length === 603, { what: 'the messages that came later' });
    expect(texts()).toEqual(numbers(1, 603));
    expect(batches[0]?.[0]).toMatchObject({ sequence: 1, subject: `${stream}.a` });
    expect(Math.abs((batches[0]?.[0]?.at ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(tail.position).toBe(603);
    await tail.stop();
  });

  it('begins where it is told to, and waits there when the log is not that long yet', async () => {
    await store(1, 4);
    const late = await follow({ from: 3 });
    const waiting = await follow({ from: 5 });
    await store(5, 5);
    await waitFor(() => waiting.texts().length > 0 && late.texts().length === 3, { what: 'both tails' });
    expect(late.texts()).toEqual(['3', '4', '5']);
    expect(waiting.texts()).toEqual(['5']);
    await late.tail.stop();
    await waiting.tail.stop();
  });

  it('hands over the next messages when the last ones have been dealt with, and no more once it is stopped', async () => {
    await store(1, 300);
    const gate = Promise.withResolvers<void>();
    const seen: number[] = [];
    const { tail } = await follow({
      onMessages: async (messages) => {
        seen.push(messages.length);
        await gate.promise;
      },
    });
    await waitFor(() => seen.length === 1, { what: 'the first batch' });
    expect(tail.position).toBe(0);
    const stopped = tail.stop();
    gate.resolve();
    await stopped;
    expect(seen).toEqual([256]);
    expect(tail.position).toBe(256);
  });

  it('can leave out the messages of other subjects', async () => {
    await store(1, 2, 'a');
    await store(1, 3, 'b');
    await store(3, 3, 'a');
    const { tail, batches } = await follow({ subject: `${stream}.a` });
    await waitFor(() => batches.flat().length === 3, { what: 'the messages' });
    expect(batches.flat().map(({ sequence }) => sequence)).toEqual([1, 2, 6]);
    await tail.stop();
  });

  it('reports messages that are missing, and goes no further', async () => {
    await store(1, 5);
    await manager.streams.deleteMessage(stream, 3);
    const { tail, errors, texts } = await follow();
    await waitFor(() => errors.length > 0, { what: 'the error' });
    expect(errors[0]?.message).toBe(`messages of stream ${stream} are missing: expected message 3, found 4`);
    expect(texts()).toEqual([]);
    await tail.stop();
  });

  it('refuses to begin behind the end, before the beginning, or in another epoch', async () => {
    await store(1, 3);
    await manager.streams.purge(stream, { seq: 3 });
    await expect(follow({ from: 5 })).rejects.toThrow('ends at 3, and is to be read from 5');
    await expect(follow({ from: 1 })).rejects.toThrow('begins at 3, and is to be read from 1');
    await expect(follow({ from: 4, epoch: '2020-01-01T00:00:00Z' })).rejects.toThrow('is another one');
    await expect(follow({ stream: 'NOWHERE' })).rejects.toThrow('stream not found');
  });

  it('reports what its reader throws', async () => {
    await store(1, 1);
    const { tail, errors } = await follow({
      onMessages: () => {
        throw new Error('not now');
      },
    });
    await waitFor(() => errors.length > 0, { what: 'the error' });
    expect(errors[0]?.message).toBe('not now');
    await tail.stop();
  });

  it('reports that the stream has become another one, and says meanwhile that nobody serves it', async () => {
    await store(1, 3);
    const { tail, errors, texts } = await follow();
    await waitFor(() => texts().length === 3, { what: 'the messages' });
    await manager.streams.delete(stream);
    await waitFor(() => tail.status() !== true, { what: 'the status' });
    await createStream();
    await waitFor(() => errors.length > 0, { what: 'the error' });
    expect(errors[0]?.message).toContain('is another one');
    await tail.stop();
  });

  it('goes on where it was when the server comes back', async () => {
    await store(1, 3);
    const { tail, errors, texts } = await follow();
    await waitFor(() => texts().length === 3, { what: 'the messages' });
    await nats.kill();
    await nats.restart();
    await waitFor(() => bus.connected, { what: 'the connection' });
    await waitFor(() => store(4, 4).then(() => true), { what: 'JetStream' });
    await waitFor(() => texts().length === 4, { what: 'the message that came later', timeoutMs: 15_000 });
    expect(texts()).toEqual(['1', '2', '3', '4']);
    expect(errors).toEqual([]);
    await tail.stop();
  });
});

describe('reading a log', () => {
  it('finds the messages of a subject from a time on', async () => {
    await store(1, 2);
    const reader = createLogReader(bus, stream);
    const all = await reader.read({ from: 1 });
    const second = all.outcome === 'read' ? all.messages[1] : undefined;
    const found = await reader.read({
      from: 1,
      fromTime: Date.now() - 60_000,
      subject: `${stream}.a`,
      limit: 1,
    });
    expect(found).toMatchObject({ outcome: 'read', pending: 1, messages: [{ sequence: 1 }] });
    const none = await reader.read({ from: 1, fromTime: (second?.at ?? 0) + 1_000 });
    expect(none).toEqual({ outcome: 'read', messages: [], pending: 0 });
    reader.close();
  });

  it('says of an empty stream that it begins one above its end, whether something was ever stored or not', async () => {
    const reader = createLogReader(bus, stream);
    expect(await reader.info()).toMatchObject({ first: 1, last: 0 });
    await store(1, 3);
    expect(await reader.info()).toMatchObject({ first: 1, last: 3 });
    await manager.streams.purge(stream);
    expect(await reader.info()).toMatchObject({ first: 4, last: 3 });
    reader.close();
  });

  it('refuses a stream that has no direct access', async () => {
    await manager.streams.add({ name: 'CLOSED', subjects: ['closed.>'], allow_direct: false });
    await expect(createLogReader(bus, 'CLOSED').info()).rejects.toThrow('must have allow_direct on');
  });
});
