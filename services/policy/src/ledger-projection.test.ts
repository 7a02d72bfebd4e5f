import { setImmediate as turn } from 'node:timers/promises';
import { type RatedUsage, subjects, toRatedEvent } from '@weir/contracts';
import type { Checkpoint } from '@weir/ledger';
import type { LogMessage, LogTail, LogTailOptions } from '@weir/messaging';
import { expect, test, vi } from 'vitest';
import type { LimitStore, StoreSnapshot } from './core/limit-store.ts';
import { type LedgerProjectionOptions, startLedgerProjection } from './ledger-projection.ts';
import { createMemoryStore } from './stores/memory-store.ts';

const now = Date.parse('2026-01-15T12:00:00Z');
const counter = 't|org:acme|daily|1768435200|1768521600';
const epoch = '2026-01-01T00:00:00Z';

const record = (sequence: number, tokens: number): LogMessage => {
  const data: RatedUsage = {
    requestId: `request-${sequence}`,
    attempt: 1,
    run: 'r',
    org: 'acme',
    team: '_',
    key: 'k1',
    route: 'chat',
    api: 'openai.chat',
    upstream: 'gpu',
    target: 't0',
    provider: 'openai',
    modelRequested: 'small',
    startedAt: now,
    deadline: now + 1,
    stream: false,
    charges: [counter],
    revision: 1,
    quality: 'reported',
    outcome: 'completed',
    usage: { inputTotal: tokens, outputTotal: 0 },
    totalMs: 1,
    deliveredBytes: 1,
    ratingNumber: 0,
    rating: { status: 'unpriced', amountNano: '0', chargeNano: '0', currency: 'USD' },
    delta: { amountNano: '0', chargeNano: '0', inputTokens: tokens, outputTokens: 0, requests: 1 },
    source: { sequence, part: 0 },
  };
  return {
    sequence,
    subject: subjects.rated('acme', '_', 'k1'),
    data: new TextEncoder().encode(JSON.stringify(toRatedEvent('weir', data))),
    at: now,
  };
};

const ledgerOf = (messages: readonly LogMessage[]) => ({
  info: async () => ({ epoch, first: 1, last: messages.length }),
  read: async ({ from }: { from: number }) => ({
    outcome: 'read' as const,
    messages: messages.slice(from - 1, from + 1),
    pending: 0,
  }),
  close: () => undefined,
});

type Tail = Omit<LogTailOptions, 'bus'>;

const setUp = (given: Partial<LedgerProjectionOptions> = {}) => {
  const store = createMemoryStore(() => now);
  const tails: Tail[] = [];
  const troubles: string[] = [];
  const projection = startLedgerProjection({
    store,
    follow: async (options) => {
      tails.push(options);
      return { stop: async () => undefined } as LogTail;
    },
    openLedger: () => ledgerOf([]),
    loadCheckpoint: async () => undefined,
    onTrouble: (error) => troubles.push(String(error)),
    pause: () => turn(),
    ...given,
  });
  const tail = async (count = 1): Promise<Tail> => {
    await vi.waitFor(() => expect(tails).toHaveLength(count));
    const found = tails[count - 1];
    if (!found) throw new Error('no tail');
    return found;
  };
  const spent = async (of: LimitStore = store) => (await of.read([counter]))[0]?.spent;
  return { projection, store, tail, tails, troubles, spent };
};

test('an empty store begins with the start of the ledger', async () => {
  const { projection, tail, spent } = setUp();
  const { from, stream, onMessages } = await tail();
  expect({ from, stream }).toEqual({ from: 1, stream: 'LEDGER' });
  expect(projection.initialised).toBe(true);
  await onMessages([record(1, 5), record(2, 7)]);
  expect(await spent()).toBe(12n);
  await projection.stop();
});

test('or with a checkpoint', async () => {
  const checkpoint: Checkpoint = {
    sourceEpoch: 'x',
    sequence: 40,
    hash: 'h',
    totals: new Map([[counter, 100n]]),
  };
  const earlier = Array.from({ length: 40 }, (_, index) => record(index + 1, 0));
  const { projection, tail, spent } = setUp({
    openLedger: () => ledgerOf(earlier),
    loadCheckpoint: async () => checkpoint,
  });
  const { from, onMessages } = await tail();
  expect(from).toBe(41);
  await onMessages([record(41, 5)]);
  expect(await spent()).toBe(105n);
  await projection.stop();
});

test('a store knows no totals before it has those of the whole ledger, so that no spent budget has room meanwhile', async () => {
  const ledger = [record(1, 5), record(2, 7), record(3, 1)];
  const restored: number[] = [];
  const store = createMemoryStore(() => now);
  const watched = new Proxy(store, {
    get: (target, name: keyof LimitStore) =>
      name === 'restore'
        ? (snapshot: StoreSnapshot) => {
            restored.push(snapshot.watermark);
            return target.restore(snapshot);
          }
        : target[name].bind(target),
  });
  const { projection, tail } = setUp({ store: watched, openLedger: () => ledgerOf(ledger) });
  expect((await tail()).from).toBe(4);
  expect(restored).toEqual([3]);
  expect((await store.read([counter]))[0]?.spent).toBe(13n);
  await projection.stop();
});

test('a checkpoint that is ahead of the ledger is that of another', async () => {
  const checkpoint: Checkpoint = {
    sourceEpoch: 'x',
    sequence: 40,
    hash: 'h',
    totals: new Map([[counter, 100n]]),
  };
  const { projection, tail, spent } = setUp({
    openLedger: () => ledgerOf([record(1, 5)]),
    loadCheckpoint: async () => checkpoint,
  });
  expect((await tail()).from).toBe(2);
  expect(await spent()).toBe(5n);
  await projection.stop();
});

test('a store that was emptied is filled again though the ledger rests', async () => {
  let current = createMemoryStore(() => now);
  const store: LimitStore = new Proxy(current, {
    get: (_, name: keyof LimitStore) => current[name].bind(current),
  });
  const ledger: LogMessage[] = [];
  const { projection, tail, troubles } = setUp({ store, openLedger: () => ledgerOf(ledger) });
  await (await tail()).onMessages([record(1, 5)]);
  ledger.push(record(1, 5));
  current = createMemoryStore(() => now);
  expect((await tail(2)).from).toBe(2);
  expect((await store.read([counter]))[0]?.spent).toBe(5n);
  expect(troubles).toEqual(['Error: the limit store was emptied']);
  await projection.stop();
});

test('a store that came back with older data is brought up again though the ledger rests', async () => {
  const before = createMemoryStore(() => now);
  await before.restore({ epoch, watermark: 1, totals: new Map([[counter, 5n]]) });
  const older = createMemoryStore(() => now);
  await older.restore({ epoch, watermark: 0, totals: new Map() });
  let current = before;
  const store: LimitStore = new Proxy(before, {
    get: (_, name: keyof LimitStore) => current[name].bind(current),
  });
  const { projection, tail, troubles } = setUp({ store });
  expect((await tail()).from).toBe(2);
  current = older;
  expect((await tail(2)).from).toBe(1);
  expect(troubles).toEqual(['Error: the limit store went back from ledger record 1 to 0']);
  await projection.stop();
});

test('a record counts once, however many replicas bring it', async () => {
  const { projection, store, tail, spent } = setUp();
  const other = setUp({ store });
  await (await tail()).onMessages([record(1, 5), record(2, 7)]);
  await (await other.tail()).onMessages([record(1, 5), record(2, 7), record(3, 1)]);
  await (await tail()).onMessages([record(3, 1)]);
  expect(await spent()).toBe(13n);
  await projection.stop();
  await other.projection.stop();
});

test('a store that went back is brought up again from where it is', async () => {
  const rolledBack = createMemoryStore(() => now);
  await rolledBack.restore({ epoch, watermark: 0, totals: new Map() });
  const fresh = setUp();
  await (await fresh.tail()).onMessages([record(1, 5)]);
  const store: LimitStore = new Proxy(fresh.store, {
    get: (target, name: keyof LimitStore) =>
      (isBack ? rolledBack : target)[name].bind(isBack ? rolledBack : target),
  });
  let isBack = false;
  const { projection, tail, troubles, tails } = setUp({ store });
  const first = await tail();
  expect(first.from).toBe(2);
  isBack = true;
  const error = await Promise.resolve(first.onMessages([record(2, 7)])).catch((thrown: Error) => thrown);
  first.onError(error as Error);
  const second = await tail(2);
  expect([second.from, tails.length, troubles]).toEqual([
    1,
    2,
    ['Error: the limit store went back from ledger record 1 to 0'],
  ]);
  await second.onMessages([record(1, 5), record(2, 7)]);
  expect((await rolledBack.read([counter]))[0]?.spent).toBe(12n);
  await projection.stop();
  await fresh.projection.stop();
});

test('totals of another ledger are not mixed with this one', async () => {
  const { projection, store, troubles } = setUp({
    follow: async ({ epoch: wanted }) => {
      throw new Error(`stream LEDGER is another one: expected ${wanted}`);
    },
    pause: () => new Promise((resolve) => setTimeout(resolve, 20)),
  });
  await vi.waitFor(() => expect(troubles.length).toBeGreaterThan(0));
  expect(projection.status()).toMatch(/another one/);
  expect((await store.read([counter]))[0]?.spent).toBe(0n);
  await projection.stop();
});
