import { Redis } from 'ioredis';
import type { LimitStore } from '../core/limit-store.ts';
import { createMemoryStore } from './memory-store.ts';
import { type RedisScripts, readRedisScripts, scriptNames } from './redis-scripts.ts';
import { createRedisStore, redisTag } from './redis-store.ts';
import { createStoreState } from './store-state.ts';

/** A store whose time stands still until a test moves it. For tests alone. */
export interface StoreUnderTest {
  readonly store: LimitStore;
  now(): number;
  advance(byMs: number): Promise<void>;
  /** Returns what puts everything back as it is now: a failover to a replica that lagged. Time goes on. */
  snapshot(): Promise<() => Promise<void>>;
  /** Loses everything. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

const startedAt = Date.UTC(2027, 0, 10, 12);

export const createMemoryUnderTest = (): StoreUnderTest => {
  let now = startedAt;
  const state = createStoreState();
  const store = createMemoryStore(() => now, state);
  return {
    store,
    now: () => now,
    advance: async (byMs) => {
      now += byMs;
    },
    snapshot: async () => {
      const copy = structuredClone(state);
      return async () => {
        Object.assign(state, structuredClone(copy));
      };
    },
    empty: async () => {
      Object.assign(state, createStoreState());
    },
    close: () => store.close(),
  };
};

const clockKey = `${redisTag}:now`;

const replaceOnce = (text: string, old: string, replacement: string): string => {
  if (text.split(old).length !== 2) throw new Error(`the scripts say ${old} not once`);
  return text.replace(old, replacement);
};

/** The scripts, but their clock is a key, and buckets never expire by the real one. */
const scriptsWithClock = (): RedisScripts => {
  const scripts = readRedisScripts();
  const changed = scriptNames.map((name) => {
    const clocked = replaceOnce(
      scripts[name],
      "redis.call('TIME')",
      "redis.call('LRANGE', tag .. ':now', 0, 1)",
    );
    return [name, replaceOnce(clocked, ", 'PX', full_in)", ')')];
  });
  return Object.fromEntries(changed) as RedisScripts;
};

/** Empties the database. */
export const createRedisUnderTest = async (url: string): Promise<StoreUnderTest> => {
  let now = startedAt;
  const redis = new Redis(url);
  const setClock = async (): Promise<void> => {
    const micros = (now % 1_000) * 1_000;
    await redis
      .multi()
      .del(clockKey)
      .rpush(clockKey, Math.floor(now / 1_000), micros)
      .exec();
  };
  const empty = async (): Promise<void> => {
    await redis.flushdb();
    await setClock();
  };
  await empty();
  const patience = { reserveTimeoutMs: 5_000, callTimeoutMs: 5_000 };
  const store = await createRedisStore({ url, ...patience, scripts: scriptsWithClock() });
  return {
    store,
    now: () => now,
    advance: async (byMs) => {
      now += byMs;
      await setClock();
    },
    snapshot: async () => {
      const keys = await redis.keys('*');
      const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
      return async () => {
        await redis.flushdb();
        for (const [index, key] of keys.entries()) await redis.restore(key, 0, dumps[index] ?? '');
        await setClock();
      };
    },
    empty,
    close: async () => {
      await store.close();
      redis.disconnect();
    },
  };
};
