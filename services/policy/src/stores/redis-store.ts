import { randomUUID } from 'node:crypto';
import { setImmediate as untilRead } from 'node:timers/promises';
import { withDeadline } from '@weir/messaging';
import { Redis } from 'ioredis';
import type {
  HoldList,
  LimitStore,
  Reservation,
  ReserveOutcome,
  SettleBatch,
  StoreSnapshot,
} from '../core/limit-store.ts';
import { periodEndOf } from './counter-period.ts';
import { gatherTurn } from './gather-turn.ts';
import { listRedisHolds } from './list-redis-holds.ts';
import { reserveArguments, settleArguments } from './redis-arguments.ts';
import { amountOf, type RedisReply, readReserveReplies, readSettleReply } from './redis-replies.ts';
import { type RedisScripts, readRedisScripts, type ScriptName, scriptNames } from './redis-scripts.ts';
import { StoreUnavailable } from './store-unavailable.ts';

export interface RedisStoreOptions {
  /** `redis://` or `rediss://`. Redis 7.2 or newer, or Valkey, with `maxmemory-policy noeviction`. */
  readonly url: string;
  /** How long a request may wait for its reservation. */
  readonly reserveTimeoutMs?: number;
  /** All other calls; nobody waits for them. */
  readonly callTimeoutMs?: number;
  /** How long to wait for the first connection before going on without. */
  readonly connectTimeoutMs?: number;
  readonly onConnectionError?: (error: Error) => void;
  readonly scripts?: RedisScripts;
}

/** The hash tag of all keys: one slot of a cluster, so that one script may touch them all. */
export const redisTag = '{weir}';

const longestRetryDelayMs = 1_000;
const silenceMs = 2_000;
/** Bound of what one script works on, because Redis does nothing else meanwhile. */
const idsPerCall = 256;
const reservationsPerCall = 16;
const totalsPerCall = 500;
const stagedMs = 60_000;

const connect = async (options: RedisStoreOptions): Promise<Redis> => {
  const scripts = options.scripts ?? readRedisScripts();
  const connectTimeout = options.connectTimeoutMs ?? 2_000;
  const redis = new Redis(options.url, {
    connectTimeout,
    connectionName: 'weir-policy',
    // A call is answered or refused now: what waits for a connection that comes back has no request any more.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(50 * times, longestRetryDelayMs),
    // A partition leaves the socket open; without this it takes the kernel minutes to notice.
    socketTimeout: silenceMs,
    // This one became a replica: the address leads to the new primary by now.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    scripts: Object.fromEntries(scriptNames.map((name) => [name, { lua: scripts[name], numberOfKeys: 1 }])),
  });
  redis.on('error', (error: Error) => options.onConnectionError?.(error));
  const ready = new Promise<void>((resolve) => redis.once('ready', () => resolve()));
  await withDeadline(ready, connectTimeout, 'connecting to Redis').catch(() => undefined);
  return redis;
};

type ScriptValue = string | number;
type Script = (tag: string, ...values: ScriptValue[]) => Promise<RedisReply>;

const inChunks = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );

/** A process that was busy sees the timer before the answer that arrived in time: so it looks once more. */
const answerWithin = <Answer>(answer: Promise<Answer>, timeoutMs: number): Promise<Answer> =>
  withDeadline(answer, timeoutMs, 'Redis').catch((error) =>
    Promise.race([answer, untilRead().then(() => Promise.reject(error))]),
  );

class RedisStore implements LimitStore {
  /** Several in one script: what they share, above all the counters of one tenant, is then read and written once. */
  readonly #reserveTogether = gatherTurn(
    (some: readonly ScriptValue[][]) => this.#reserveAll(some.flat()),
    reservationsPerCall,
  );
  readonly #redis: Redis;
  readonly #reserveTimeoutMs: number;
  readonly #callTimeoutMs: number;

  constructor(redis: Redis, options: RedisStoreOptions) {
    this.#redis = redis;
    this.#reserveTimeoutMs = options.reserveTimeoutMs ?? 40;
    this.#callTimeoutMs = options.callTimeoutMs ?? 1_000;
  }

  async reserve(reservation: Reservation) {
    return this.#reserveTogether(reserveArguments(reservation));
  }

  async settle({ epoch, from, to, records }: SettleBatch) {
    return readSettleReply(await this.#run('settle', [epoch, from, to, ...settleArguments(records)]));
  }

  async extend(ids: readonly string[], ttlMs: number) {
    for (const some of inChunks(ids, idsPerCall)) await this.#run('extend', [ttlMs, ...some]);
  }

  async finish(ids: readonly string[], ttlMs: number, accounts?: number) {
    for (const some of inChunks(ids, idsPerCall)) await this.#run('finish', [ttlMs, accounts ?? '', ...some]);
  }

  async release(ids: readonly string[]) {
    for (const some of inChunks(ids, idsPerCall)) await this.#run('release', some);
  }

  /** Copied aside first, however many there are, and put in place at once: readers see all of them or none. */
  async restore({ watermark, epoch, totals }: StoreSnapshot) {
    const staged = `${redisTag}:r:${randomUUID()}`;
    for (const some of inChunks([...totals], totalsPerCall)) {
      const spent = some.flatMap(([counter, total]) => [`${counter}|s`, total.toString()]);
      const ends = some.flatMap(([counter]) => {
        const end = periodEndOf(counter);
        return end === undefined ? [] : [end, counter];
      });
      await this.#ask('restore', async () => {
        await this.#redis.hset(`${staged}:c`, ...spent);
        await this.#redis.pexpire(`${staged}:c`, stagedMs);
        if (ends.length === 0) return;
        await this.#redis.zadd(`${staged}:p`, ...ends);
        await this.#redis.pexpire(`${staged}:p`, stagedMs);
      });
    }
    return (await this.#run('restore', [watermark, epoch, staged])) === 1;
  }

  async sweep() {
    return Number(await this.#run('sweep', []));
  }

  async read(counters: readonly string[]) {
    const replies: RedisReply[] = [];
    for (const some of inChunks(counters, idsPerCall)) {
      replies.push(...((await this.#run('read', some)) as readonly RedisReply[]));
    }
    return counters.map((counter, index) => ({
      counter,
      spent: amountOf(replies[2 * index]),
      held: amountOf(replies[2 * index + 1]),
    }));
  }

  holdsOf(counter: string, limit: number): Promise<HoldList> {
    return this.#ask('holdsOf', () => listRedisHolds(this.#redis, redisTag, counter, limit));
  }

  async position() {
    const [watermark, epoch] = await this.#ask('position', () =>
      this.#redis.hmget(`${redisTag}:m`, 'watermark', 'epoch'),
    );
    return watermark == null || epoch == null ? undefined : { epoch, watermark: Number(watermark) };
  }

  close() {
    this.#redis.disconnect();
    return Promise.resolve();
  }

  async #reserveAll(values: ScriptValue[]): Promise<ReserveOutcome[]> {
    return readReserveReplies(await this.#run('reserve', values, this.#reserveTimeoutMs));
  }

  #run(name: ScriptName, values: ScriptValue[], timeoutMs?: number): Promise<RedisReply> {
    // Defined by the options: ioredis has no types for it.
    const script = (this.#redis as unknown as Record<ScriptName, Script>)[name];
    return this.#ask(name, () => script.call(this.#redis, redisTag, ...values), timeoutMs);
  }

  async #ask<Answer>(call: string, ask: () => Promise<Answer>, timeoutMs = this.#callTimeoutMs) {
    try {
      return await answerWithin(ask(), timeoutMs);
    } catch (error) {
      throw new StoreUnavailable(call, error);
    }
  }
}

/** Keeps trying to connect for as long as it lives; until then each call rejects with StoreUnavailable. */
export const createRedisStore = async (options: RedisStoreOptions): Promise<LimitStore> =>
  new RedisStore(await connect(options), options);
