import type { Redis } from 'ioredis';
import type { HoldList, LiveHold } from '../core/limit-store.ts';

interface HoldRecord {
  readonly budgets: readonly { readonly counter: string; readonly amount: string }[];
}

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
      const { budgets } = JSON.parse(text) as HoldRecord;
      // Lua has one kind of empty table, which JSON calls an object.
      const hold = Array.isArray(budgets) ? budgets.find((budget) => budget.counter === counter) : undefined;
      if (!hold) continue;
      const expiresAt = Number(await redis.zscore(`${tag}:z`, id));
      found.set(id, { id, amount: BigInt(hold.amount), expiresAt });
      if (found.size > limit) break;
    }
  } while (cursor !== '0' && found.size <= limit);
  return { holds: [...found.values()].slice(0, limit), complete: found.size <= limit };
};
