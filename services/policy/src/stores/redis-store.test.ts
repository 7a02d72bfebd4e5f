import {
  type Passage,
  redisMissing,
  startRedis,
  startStallingProxy,
  type TestRedis,
  waitFor,
} from '@weir/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { LimitStore, Reservation } from '../core/limit-store.ts';
import { createRedisStore, type RedisStoreOptions } from './redis-store.ts';
import { StoreUnavailable } from './store-unavailable.ts';

const missing = await redisMissing();
const counter = 'r|key:acme/k1|monthly|1798761600|1801440000';

const reservation = (id: string, parts: Partial<Reservation> = {}): Reservation => ({
  id,
  ttlMs: 60_000,
  buckets: [{ key: 'tokens', capacity: 1_000, perMinute: 1, cost: 1, correctable: true, enforce: true }],
  slots: [{ key: 'running', limit: 1_000, enforce: true }],
  budgets: [{ counter, amount: 1n, limit: 50n, enforce: true }],
  ...parts,
});

describe.skipIf(missing !== undefined)(`the Redis store${missing ? `, skipped: ${missing}` : ''}`, () => {
  let redis: TestRedis;
  let client: Redis;
  beforeAll(async () => {
    redis = await startRedis();
    client = new Redis(redis.url, { retryStrategy: () => 20 });
    client.on('error', () => undefined);
  });
  afterAll(async () => {
    client.disconnect();
    await redis.stop();
  });
  beforeEach(() => client.flushdb());

  /** Patient, as this machine may be busy; the tests of deadlines say their own. */
  const connect = async (options: Partial<RedisStoreOptions> = {}): Promise<LimitStore> => {
    const store = await createRedisStore({ url: redis.url, reserveTimeoutMs: 5_000, ...options });
    onTestFinished(() => store.close());
    return store;
  };
  const begin = (store: LimitStore) => store.restore({ epoch: 'ledger', watermark: 0, totals: new Map() });

  /** Of five, each of which waits for an answer: on a busy machine others are late for reasons of their own. */
  const quickestRefusalOf = async (store: LimitStore): Promise<number> => {
    const tookMs: number[] = [];
    for (let asked = 0; asked < 5; asked += 1) {
      const before = performance.now();
      await expect(store.reserve(reservation(`late ${asked}`))).rejects.toThrow('did not answer reserve');
      tookMs.push(performance.now() - before);
    }
    return Math.min(...tookMs);
  };

  it('admits exactly as many as there is room for, however many ask at once', async () => {
    const stores = await Promise.all([connect(), connect(), connect()]);
    for (const store of stores) await begin(store);
    const asked = Array.from({ length: 200 }, (_, index) =>
      stores[index % stores.length]?.reserve(reservation(`request ${index}`)),
    );
    const outcomes = (await Promise.all(asked)).map((answer) => answer?.outcome);
    expect(outcomes.filter((outcome) => outcome === 'reserved')).toHaveLength(50);
    expect(outcomes.filter((outcome) => outcome === 'denied')).toHaveLength(150);
    expect(await stores[0]?.read([counter])).toEqual([{ counter, spent: 0n, held: 50n }]);
  });

  it('admits as many when each is asked for three times', async () => {
    const stores = await Promise.all([connect(), connect(), connect()]);
    for (const store of stores) await begin(store);
    const ids = Array.from({ length: 60 }, (_, index) => `request ${index}`);
    const asked = ids.flatMap((id) => stores.map((store) => store.reserve(reservation(id))));
    const fresh = (await Promise.all(asked)).filter(
      (answer) => answer.outcome === 'reserved' && !answer.again,
    );
    expect(fresh).toHaveLength(50);
  });

  it('applies a batch once though every replica sends it', async () => {
    const stores = await Promise.all([connect(), connect(), connect()]);
    for (const store of stores) await begin(store);
    const records = [{ id: 'a', charges: [[counter, 3n]] as const, tokens: undefined, ends: true }];
    const batch = { epoch: 'ledger', from: 0, to: 1, records };
    const outcomes = await Promise.all(stores.map((store) => store.settle(batch)));
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['applied', 'behind', 'behind']);
    expect(await stores[0]?.read([counter])).toEqual([{ counter, spent: 3n, held: 0n }]);
  });

  it('lets holds and buckets expire by the clock of Redis', async () => {
    const store = await connect();
    await begin(store);
    const quick = {
      key: 'quick',
      capacity: 10,
      perMinute: 60_000,
      cost: 10,
      correctable: true,
      enforce: true,
    };
    await store.reserve(reservation('a', { ttlMs: 30, buckets: [quick] }));
    await waitFor(async () => (await store.sweep()) === 1, { what: 'the hold to expire' });
    await waitFor(async () => (await client.exists('{weir}:b:quick')) === 0, {
      what: 'the bucket to be full',
    });
    expect(await client.keys('{weir}:[hsz]*')).toEqual([]);
    expect(await store.read([counter])).toEqual([{ counter, spent: 0n, held: 0n }]);
  });

  it('keeps all keys in one slot of a cluster, and leaves nothing behind', async () => {
    const store = await connect();
    await store.restore({ epoch: 'ledger', watermark: 0, totals: new Map([[counter, 1n]]) });
    await store.reserve(reservation('a'));
    const keys = await client.keys('*');
    expect(keys.sort()).toEqual(
      ['b:tokens', 'c', 'h', 'm', 'p', 's:running', 'z'].map((key) => `{weir}:${key}`),
    );
    await store.release(['a']);
    expect((await client.keys('*')).sort()).toEqual(['{weir}:c', '{weir}:m', '{weir}:p']);
    expect(await client.hgetall('{weir}:c')).toEqual({ [`${counter}|s`]: '1' });
    const expiries = await Promise.all(['c', 'm', 'p'].map((key) => client.pttl(`{weir}:${key}`)));
    expect(expiries).toEqual([-1, -1, -1]);
  });

  it('leaves no copy behind when its totals come too late', async () => {
    const store = await connect();
    await begin(store);
    await store.restore({ epoch: 'ledger', watermark: 5, totals: new Map([[counter, 1n]]) });
    expect(await client.keys('{weir}:r:*')).toEqual([]);
    expect(await store.read([counter])).toEqual([{ counter, spent: 0n, held: 0n }]);
  });

  it('goes on after Redis forgot its scripts', async () => {
    const store = await connect();
    await begin(store);
    await store.reserve(reservation('a'));
    await client.script('FLUSH');
    expect(await store.reserve(reservation('b'))).toMatchObject({ outcome: 'reserved', again: false });
  });

  it('takes an answer that came in time though this process was busy past the deadline', async () => {
    const store = await connect({ reserveTimeoutMs: 40 });
    await begin(store);
    await store.reserve(reservation('first'));
    const asked = store.reserve(reservation('second'));
    const busyUntil = performance.now() + 100;
    while (performance.now() < busyUntil);
    expect(await asked).toMatchObject({ outcome: 'reserved' });
  });

  it('says within its deadline that Redis does not answer', async () => {
    const store = await connect({ reserveTimeoutMs: 40 });
    await begin(store);
    await store.reserve(reservation('a'));
    redis.pause();
    onTestFinished(() => redis.resume());
    expect(await quickestRefusalOf(store)).toBeLessThan(50);
  });

  it.each<[string, Passage]>([
    ['is cut off without a word', 'swallow'],
    ['takes 200 ms each way', { lateMs: 200 }],
  ])('says within its deadline that Redis %s, and goes on when it no longer does', async (_what, passage) => {
    const proxy = await startStallingProxy(redis.port);
    onTestFinished(() => proxy.close());
    const store = await connect({ url: `redis://127.0.0.1:${proxy.port}`, reserveTimeoutMs: 40 });
    await begin(store);
    await store.reserve(reservation('a'));
    proxy.set(passage);
    expect(await quickestRefusalOf(store)).toBeLessThan(50);
    proxy.set('pass');
    const isReserved = async () =>
      store.reserve(reservation('c')).then(
        ({ outcome }) => outcome === 'reserved',
        () => false,
      );
    await waitFor(isReserved, { what: 'the store to be asked again' });
  });

  it('refuses at once while Redis is gone, and goes on when it is back', async () => {
    const errors: Error[] = [];
    const store = await connect({ onConnectionError: (error) => errors.push(error) });
    await begin(store);
    const waiting = store.reserve(reservation('a')).catch(() => undefined);
    await redis.kill('SIGKILL');
    await waiting;
    await waitFor(() => errors.length > 0, { what: 'the connection to be lost' });
    await expect(store.reserve(reservation('b'))).rejects.toThrow('the limit store did not answer reserve');
    await redis.restart();
    const isBack = async () => (await store.position().catch(() => 'away')) === undefined;
    await waitFor(isBack, { what: 'the store to be back, and empty' });
    expect(await store.reserve(reservation('b'))).toEqual({ outcome: 'uninitialised' });
  });

  it('is made also while there is no Redis', async () => {
    const store = await connect({ url: 'redis://127.0.0.1:1', connectTimeoutMs: 50 });
    await expect(store.position()).rejects.toThrow(StoreUnavailable);
  });
});
