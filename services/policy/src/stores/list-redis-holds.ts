import type { Redis } from 'ioredis';
import type { HoldList, LiveHold } from '../core/limit-store.ts';
import type { KeptHold } from './redis-arguments.ts';

const pageSize = 500;

/** Page by page, so that no single command keeps Redis busy. Holds that come or go meanwhile may be missed. */
export const listRedisHolds = async (
  redis: Redis,
  tag: string,
  counter: string,
  limit: number,
): Promise<HoldList> => {
  /** A scan may show an entry twice. */
  const found = new Map<string, LiveHold>();
  let cursor = '0';
  do {
    const [next, entries] = await redis.hscan(`${tag}:h`, cursor, 'COUNT', pageSize);
    cursor = next;
    for (let index = 0; index < entries.length; index += 2) {
      const [id = '', text = ''] = entries.slice(index, index + 2);
      const { counters, amounts } = JSON.parse(text.slice(text.lastIndexOf('\n'))) as KeptHold;
      const amount = amounts[counters.indexOf(counter)];
      if (amount === undefined) continue;
      const expiresAt = Number(await redis.zscore(`${tag}:z`, id));
      found.set(id, { id, amount: BigInt(amount), expiresAt });
      if (found.size > limit) break;
    }
  } while (cursor !== '0' && found.size <= limit);
  return { holds: [...found.values()].slice(0, limit), complete: found.size <= limit };
};
