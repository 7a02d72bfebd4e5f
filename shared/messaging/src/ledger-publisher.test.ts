import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { streams, subjects } from '@weir/contracts';
import { startNats, type TestNats } from '@weir/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLedgerPublisher, type LedgerMessage, type LedgerPublisher } from './ledger-publisher.ts';
import { createLogReader } from './log-reader.ts';
import { connectNatsBus, type NatsBus } from './nats-bus.ts';
import { createOncePublisher } from './once-publisher.ts';
import type { StreamWeakness } from './stream-settings.ts';
import { ensureStreams } from './streams.ts';

let nats: TestNats;
let bus: NatsBus;
let manager: JetStreamManager;
let publisher: LedgerPublisher;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  manager = await jetstreamManager(bus.connection);
  publisher = createLedgerPublisher(bus, 2_000, () => undefined);
  await ensureStreams(bus, { replicas: 1 });
});
afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});

const lastOf = async (stream: string): Promise<number> => (await manager.streams.info(stream)).state.last_seq;

const unitOf = (count: number, text = 'record'): LedgerMessage[] =>
  Array.from({ length: count }, (_unused, index) => ({
    subject: index === count - 1 ? subjects.ledgerCommit : subjects.rated('acme', '_', 'k1'),
    payload: Buffer.from(`${text} ${index}`),
  }));

describe('appending a unit', () => {
  it('stores one message, some, and as many as a batch may have, in order', async () => {
    for (const count of [1, 2, 1_000]) {
      const last = await lastOf(streams.ledger);
      expect(await publisher.append(unitOf(count), last)).toEqual({
        outcome: 'appended',
        lastSequence: last + count,
      });
      expect(await lastOf(streams.ledger)).toBe(last + count);
    }
    const reader = createLogReader(bus, streams.ledger);
    const read = await reader.read({ from: 4, limit: 3 });
    if (read.outcome !== 'read') throw new Error(read.why);
    expect(read.messages.map(({ data }) => Buffer.from(data).toString())).toEqual([
      'record 0',
      'record 1',
      'record 2',
    ]);
    reader.close();
  });

  it.each([1, 2, 50])('stores nothing of %s messages when somebody else has written', async (count) => {
    const last = await lastOf(streams.ledger);
    const conflict = { outcome: 'conflict', lastSequence: last };
    expect(await publisher.append(unitOf(count), last - 1)).toEqual(conflict);
    expect(await lastOf(streams.ledger)).toBe(last);
  });

  it('has one winner when many write behind the same message', async () => {
    for (let round = 0; round < 20; round += 1) {
      const last = await lastOf(streams.ledger);
      const outcomes = await Promise.all(
        [3, 1, 4, 1, 5].map((count) => publisher.append(unitOf(count), last)),
      );
      expect(outcomes.filter(({ outcome }) => outcome === 'appended')).toHaveLength(1);
      const winner = outcomes.find(({ outcome }) => outcome === 'appended');
      expect(await lastOf(streams.ledger)).toBe(winner?.lastSequence);
    }
  });

  it('refuses what no batch can hold', async () => {
    await expect(publisher.append([], 0)).rejects.toThrow('a unit of 0 messages');
    await expect(publisher.append(unitOf(1_001), 0)).rejects.toThrow('a unit of 1001 messages');
  });

  it('says that it does not know when nobody answers', async () => {
    const impatient = createLedgerPublisher(bus, 1, () => undefined);
    const last = await lastOf(streams.ledger);
    await expect(impatient.append(unitOf(900), last)).rejects.toThrow('did not acknowledge within 1 ms');
    impatient.close();
  });
});

describe('the streams', () => {
  it('are left as they are when they exist, and are named where they are weaker than money needs them', async () => {
    const weaknesses: StreamWeakness[] = [];
    await ensureStreams(bus, { replicas: 1, onWeakness: (weakness) => weaknesses.push(weakness) });
    // Which nothing can be done about on a server without peers.
    const single = { finding: 'num_replicas is 1, should be 3 or more', isMendable: false };
    expect(weaknesses).toEqual([
      { stream: 'USAGE', ...single },
      { stream: 'LEDGER', ...single },
      { stream: 'ALERTS', ...single },
    ]);
    await expect(ensureStreams(bus, { replicas: 1, requireDurable: true })).rejects.toThrow(
      'streams are weaker than is required: USAGE: num_replicas is 1',
    );
  });

  it('refuse to lose what is in the ledger', async () => {
    await expect(manager.streams.deleteMessage(streams.ledger, 1)).rejects.toThrow();
    await expect(manager.streams.purge(streams.ledger)).rejects.toThrow();
  });

  it('take one alert for each subject, whoever sends it', async () => {
    const one = createOncePublisher(bus, 2_000, () => undefined);
    const other = createOncePublisher(bus, 2_000, () => undefined);
    const alert = (threshold: string): string =>
      subjects.alert({ org: 'acme', budget: 'monthly', period: '0', threshold });
    const payload = Buffer.from('{}');
    expect(await one.publish(alert('100-800'), payload, 'id-1')).toBe('stored');
    expect(await one.publish(alert('100-800'), payload, 'id-1')).toBe('already_stored');
    expect(await other.publish(alert('100-800'), payload, 'id-2')).toBe('already_stored');
    expect(await other.publish(alert('200-800'), payload, 'id-3')).toBe('stored');
    expect(await lastOf(streams.alerts)).toBe(2);
    await expect(one.publish('weir.nowhere', payload, 'id-4')).rejects.toThrow('JetStream does not listen');
  });
});
