import { redisMissing, startRedis, type TestRedis } from '@weir/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reservation } from '../core/limit-store.ts';
import { StoreModel } from './store-model.ts';
import { createMemoryUnderTest, createRedisUnderTest, type StoreUnderTest } from './store-under-test.ts';

const missing = await redisMissing();

const epoch = 'ledger';
const counters = ['m|org:a|monthly|1798761600|1801440000', 'm|key:a/k|daily|1798761600|1798848000'] as const;
/** Beyond what a double tells apart. */
const unit = 10n ** 17n + 1n;
const limits = [10n * unit - 1n, 6n * unit] as const;
const prolongedMs = { extend: 45_000, finish: 90_000 } as const;
const [capacity, perMinute, bucketKey, slotKey] = [1_000, 700, 'tokens', 'running'] as const;

interface Asked {
  readonly id: string;
  readonly amounts: readonly [number, number];
  readonly cost: number;
  readonly isCopy: boolean;
  readonly fallback: boolean;
}

type Command =
  /** All at once: as one after the other. */
  | { readonly kind: 'reserve'; readonly all: readonly Asked[] }
  | {
      readonly kind: 'append';
      readonly id: string;
      readonly charge: number;
      readonly tokens: number | undefined;
      readonly ends: boolean;
    }
  | { readonly kind: 'settle'; readonly most: number }
  | { readonly kind: 'settleOld' | 'settleGap' | 'snapshot' | 'rollback' | 'sweep' }
  | { readonly kind: 'extend' | 'release'; readonly id: string }
  | { readonly kind: 'finish'; readonly id: string; readonly accounts: number | undefined }
  | { readonly kind: 'advance'; readonly byMs: number };

const idArbitrary = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const amount = fc.integer({ min: 0, max: 4 });
const askedArbitrary: fc.Arbitrary<Asked> = fc.record({
  id: idArbitrary,
  amounts: fc.tuple(amount, amount),
  cost: fc.integer({ min: 0, max: 500 }),
  isCopy: fc.integer({ min: 0, max: 4 }).map((roll) => roll === 0),
  fallback: fc.boolean(),
});
const commandArbitrary: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('reserve' as const),
      all: fc.oneof(
        fc.tuple(askedArbitrary),
        // More than one script takes.
        fc.array(askedArbitrary, { minLength: 2, maxLength: 20 }),
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      id: idArbitrary,
      charge: fc.integer({ min: -1, max: 5 }),
      tokens: fc.option(fc.integer({ min: 0, max: 900 }), { nil: undefined }),
      ends: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), most: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('settleOld', 'settleGap', 'snapshot', 'rollback', 'sweep'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('extend', 'release'), id: idArbitrary }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('finish' as const),
      id: idArbitrary,
      accounts: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      byMs: fc.integer({ min: 1, max: 40_000 }),
    }),
  },
);

const reservationOf = ({ id, amounts, cost, isCopy, fallback }: Asked): Reservation => ({
  id,
  isCopy,
  ttlMs: 60_000,
  ...(fallback ? { fallback } : {}),
  // Every third is under a limit that is only reported.
  buckets: [{ key: bucketKey, capacity, perMinute, cost, correctable: true, enforce: cost % 3 !== 0 }],
  slots: [{ key: slotKey, limit: 5, enforce: true }],
  budgets: counters.map((counter, index) => ({
    counter,
    amount: BigInt(amounts[index] ?? 0) * unit,
    limit: limits[index] ?? 0n,
    enforce: true,
  })),
});

/** Is as once. */
const twice = async (id: string, tell: (ids: readonly string[]) => Promise<void>): Promise<void> => {
  await tell([id]);
  await tell([id, 'nobody']);
};

class History {
  readonly #tested: StoreUnderTest;
  readonly #model = new StoreModel();
  #rollbacks: (() => Promise<void>)[] = [];
  #neverRolledBack = true;

  constructor(tested: StoreUnderTest) {
    this.#tested = tested;
  }

  async run(commands: readonly Command[]): Promise<void> {
    await this.#tested.store.restore({ epoch, watermark: 0, totals: new Map() });
    for (const command of commands) {
      await this.#step(command);
      await this.#compare();
    }
    await this.#settle(this.#model.ledger.length);
    await this.#compare();
    const whole = counters.map((counter) => this.#model.spent(counter, this.#model.ledger.length));
    expect((await this.#tested.store.read(counters)).map(({ spent }) => spent)).toEqual(whole);
    await this.#tested.advance(prolongedMs.finish);
    await this.#tested.store.sweep();
    expect((await this.#tested.store.read(counters)).map(({ held }) => held)).toEqual([0n, 0n]);
  }

  async #step(command: Command): Promise<void> {
    const model = this.#model;
    const { store } = this.#tested;
    switch (command.kind) {
      case 'reserve': {
        const reservations = command.all.map(reservationOf);
        const outcomes = await Promise.all(reservations.map((reservation) => store.reserve(reservation)));
        for (const [index, reservation] of reservations.entries()) {
          const [outcome, expected] = [outcomes[index], model.reserve(reservation)];
          expect(outcome).toMatchObject(expected);
          expect('fallback' in (outcome ?? {})).toBe('fallback' in expected);
        }
        return;
      }
      case 'append': {
        const { id, tokens, ends } = command;
        const charge = BigInt(command.charge) * unit;
        model.ledger.push({ id, charges: counters.map((counter) => [counter, charge]), tokens, ends });
        return;
      }
      case 'settle':
        return this.#settle(Math.min(model.ledger.length, model.watermark + command.most));
      case 'settleOld':
        return this.#settleElsewhere(model.watermark - 1);
      case 'settleGap':
        return this.#settleElsewhere(model.watermark + 1);
      case 'advance':
        model.advance(command.byMs);
        return this.#tested.advance(command.byMs);
      case 'snapshot': {
        const [goBack, goBackInModel] = [await this.#tested.snapshot(), model.copy()];
        this.#rollbacks.push(async () => {
          await goBack();
          goBackInModel();
        });
        return;
      }
      case 'rollback':
        if (this.#rollbacks.length === 0) return;
        this.#neverRolledBack = false;
        return this.#rollbacks.pop()?.();
      case 'sweep':
        await store.sweep();
        return;
      case 'extend':
        model.extend(command.id, prolongedMs.extend);
        return twice(command.id, (ids) => store.extend(ids, prolongedMs.extend));
      case 'finish':
        model.finish(command.id, prolongedMs.finish, command.accounts);
        return twice(command.id, (ids) => store.finish(ids, prolongedMs.finish, command.accounts));
      case 'release':
        model.release(command.id);
        return twice(command.id, (ids) => store.release(ids));
    }
  }

  async #settle(to: number): Promise<void> {
    const from = this.#model.watermark;
    if (to <= from) return;
    const records = this.#model.ledger.slice(from, to);
    expect(await this.#tested.store.settle({ epoch, from, to, records })).toEqual({
      outcome: 'applied',
      watermark: to,
    });
    this.#model.settle(to);
  }

  async #settleElsewhere(from: number): Promise<void> {
    if (from < 0) return;
    const { watermark } = this.#model;
    const records = this.#model.ledger.slice(from, from + 1);
    expect(await this.#tested.store.settle({ epoch, from, to: from + 1, records })).toEqual({
      outcome: 'behind',
      watermark,
    });
  }

  async #compare(): Promise<void> {
    const read = await this.#tested.store.read(counters);
    const expected = counters.map((counter) => ({
      counter,
      spent: this.#model.spent(counter),
      held: this.#model.held(counter),
    }));
    expect(read).toEqual(expected);
    for (const [index, { counter, spent, held }] of this.#neverRolledBack ? read.entries() : []) {
      const most = (limits[index] ?? 0n) + (this.#model.overshoot.get(counter) ?? 0n);
      expect(spent + held <= most).toBe(true);
    }
    const id = 'onlooker';
    const buckets = [{ key: bucketKey, capacity, perMinute, cost: 0, correctable: false, enforce: false }];
    const slots = [{ key: slotKey, limit: 1_000, enforce: false }];
    expect(await this.#tested.store.reserve({ id, ttlMs: 1, buckets, slots, budgets: [] })).toMatchObject({
      buckets: [{ remaining: this.#model.remaining(bucketKey, capacity) }],
      slots: [{ used: this.#model.inSlot(slotKey) + 1 }],
    });
    await this.#tested.store.release([id]);
  }
}

const suite = (start: () => Promise<StoreUnderTest>, numRuns: number): void => {
  it('agrees with the model through any history of duplicates, gaps, expiry and failovers', async () => {
    const tested = await start();
    const histories = fc.array(commandArbitrary, { maxLength: 40, size: 'max' });
    const property = fc.asyncProperty(histories, async (commands) => {
      await tested.empty();
      await new History(tested).run(commands);
    });
    await fc.assert(property, { numRuns });
    await tested.close();
  });
};

describe('the limit store in memory', () => suite(async () => createMemoryUnderTest(), 500));

describe.skipIf(missing !== undefined)(
  `the limit store in Redis${missing ? `, skipped: ${missing}` : ''}`,
  () => {
    let redis: TestRedis;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());
    suite(() => createRedisUnderTest(redis.url), 100);
  },
);
