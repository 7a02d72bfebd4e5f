import { redisMissing, startRedis, type TestRedis } from '@weir/testing';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type {
  BucketCharge,
  BudgetHold,
  Reservation,
  SettledRequest,
  SlotClaim,
} from '../core/limit-store.ts';
import { createMemoryUnderTest, createRedisUnderTest, type StoreUnderTest } from './store-under-test.ts';

const missing = await redisMissing();

const january = 'm|org:acme|monthly|1798761600|1801440000';
const december = 'm|org:acme|monthly|1796083200|1798761600';
const epoch = '2027-01-01T00:00:00Z';

const reservation = (id: string, parts: Partial<Reservation>): Reservation => ({
  id,
  ttlMs: 60_000,
  buckets: [],
  slots: [],
  budgets: [],
  ...parts,
});

const bucket = (parts: Partial<BucketCharge> = {}): BucketCharge => ({
  key: 't:org:acme',
  capacity: 100,
  perMinute: 60,
  cost: 30,
  correctable: true,
  enforce: true,
  ...parts,
});

const slot = (parts: Partial<SlotClaim> = {}): SlotClaim => ({
  key: 'c:org:acme',
  limit: 1,
  enforce: true,
  ...parts,
});

const budget = (parts: Partial<BudgetHold> = {}): BudgetHold => ({
  counter: january,
  amount: 30n,
  limit: 100n,
  enforce: true,
  ...parts,
});

const record = (id: string, parts: Partial<SettledRequest> = {}): SettledRequest => ({
  id,
  charges: [],
  tokens: undefined,
  ends: true,
  ...parts,
});

const suite = (start: () => Promise<StoreUnderTest>): void => {
  let tested: StoreUnderTest;
  let ledgerEnd: number;

  const begin = async (totals: Record<string, bigint> = {}): Promise<void> => {
    await tested.store.restore({ epoch, watermark: 0, totals: new Map(Object.entries(totals)) });
  };
  const reserve = (id: string, parts: Partial<Reservation>) => tested.store.reserve(reservation(id, parts));
  const settle = async (...records: SettledRequest[]) => {
    const from = ledgerEnd;
    ledgerEnd += 1;
    expect(await tested.store.settle({ epoch, from, to: ledgerEnd, records })).toEqual({
      outcome: 'applied',
      watermark: ledgerEnd,
    });
  };
  const standing = async (counter = january) => {
    const [found] = await tested.store.read([counter]);
    return { spent: found?.spent, held: found?.held };
  };

  beforeEach(async () => {
    tested = await start();
    ledgerEnd = 0;
  });
  afterEach(() => tested.close());

  describe('what is asked for at once', () => {
    const keys = ['t:org:acme', 't:key:acme/k1'];
    const counters = [january, december];
    const oneOf = <Value>(...values: Value[]) => fc.constantFrom(...values);
    const some = <Value>(arbitrary: fc.Arbitrary<Value>, keyOf: (value: Value) => string) =>
      fc.uniqueArray(arbitrary, { maxLength: 2, selector: keyOf });
    const asked: fc.Arbitrary<Reservation> = fc.record({
      id: oneOf('a', 'b', 'c', 'd', 'e', 'f'),
      ttlMs: oneOf(30_000, 90_000),
      isCopy: fc.boolean(),
      fallback: fc.boolean(),
      buckets: some(
        fc.record({
          key: oneOf(...keys),
          capacity: fc.integer({ min: 50, max: 120 }),
          perMinute: oneOf(60, 7),
          cost: fc.integer({ min: 0, max: 60 }),
          correctable: fc.boolean(),
          enforce: fc.boolean(),
        }),
        ({ key }) => key,
      ),
      slots: some(
        fc.record({ key: oneOf('c:org:acme', 'c:key:acme/k1'), limit: oneOf(1, 3), enforce: fc.boolean() }),
        ({ key }) => key,
      ),
      budgets: some(
        fc.record({
          counter: oneOf(...counters),
          amount: oneOf(0n, 30n, 10n ** 20n),
          limit: oneOf(100n, 10n ** 21n),
          enforce: fc.boolean(),
          carry: oneOf({ counter: december, limit: 80n, most: 50n }),
        }),
        ({ counter }) => counter,
      ),
    });
    const several = fc.array(asked, { maxLength: 20, size: 'max' });

    it('is decided as if it came one after the other', async () => {
      const tried = async (before: readonly Reservation[], decide: () => Promise<unknown>) => {
        await tested.empty();
        await begin({ [december]: 10n });
        for (const one of before) await tested.store.reserve(one);
        await tested.advance(45_000);
        const outcomes = await decide();
        const standing = await tested.store.read(counters);
        const look = keys.map((key) => bucket({ key, cost: 0, enforce: false }));
        return { outcomes, standing, after: await reserve('after', { buckets: look }) };
      };
      const property = fc.asyncProperty(several, several, async (before, all) => {
        const together = await tried(before, () => Promise.all(all.map((one) => tested.store.reserve(one))));
        const inTurn = await tried(before, async () => {
          const outcomes = [];
          for (const one of all) outcomes.push(await tested.store.reserve(one));
          return outcomes;
        });
        expect(together).toEqual(inTurn);
        await tested.store.release(all.map(({ id }) => id));
      });
      await fc.assert(property, { numRuns: 60 });
    });

    it('holds anew what expired, though more did than one call sweeps', async () => {
      await begin();
      const ids = Array.from({ length: 100 }, (_, index) => `request ${index}`);
      const held = { slots: [slot({ limit: 100 })], budgets: [budget({ amount: 1n })] };
      for (const id of ids) await reserve(id, held);
      await tested.advance(60_000);
      const outcomes = await Promise.all(ids.slice(-10).map((id) => reserve(id, held)));
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(ids.slice(-10).map(() => 'reserved'));
      expect(outcomes.filter((outcome) => 'again' in outcome && outcome.again)).toEqual([]);
      for (let swept = 1; swept > 0; ) swept = await tested.store.sweep();
      expect(await standing()).toEqual({ spent: 0n, held: 10n });
    });
  });

  describe('before it knows any totals', () => {
    it('keeps rates and concurrency, and refuses to judge budgets', async () => {
      expect(await reserve('a', { budgets: [budget()] })).toEqual({ outcome: 'uninitialised' });
      expect(await reserve('a', { buckets: [bucket()], slots: [slot()] })).toMatchObject({
        outcome: 'reserved',
        again: false,
      });
      expect(await tested.store.position()).toBeUndefined();
      expect(await tested.store.settle({ epoch, from: 0, to: 1, records: [] })).toEqual({
        outcome: 'uninitialised',
      });
    });

    it('is given them once', async () => {
      const totals = new Map([
        [january, 9_007_199_254_740_993n],
        [december, -5n],
      ]);
      expect(await tested.store.restore({ epoch, watermark: 7, totals })).toBe(true);
      expect(await tested.store.restore({ epoch, watermark: 9, totals: new Map() })).toBe(false);
      expect(await tested.store.position()).toEqual({ epoch, watermark: 7 });
      expect(await standing()).toEqual({ spent: 9_007_199_254_740_993n, held: 0n });
      expect(await standing(december)).toEqual({ spent: -5n, held: 0n });
    });

    it('takes more totals than one command carries', async () => {
      const counterOf = (index: number) => `t|key:acme/k${index}|daily|1798761600|1798848000`;
      const totals = new Map(Array.from({ length: 1_234 }, (_, index) => [counterOf(index), BigInt(index)]));
      await tested.store.restore({ epoch, watermark: 7, totals });
      const read = await tested.store.read([...totals.keys()]);
      expect(new Map(read.map(({ counter, spent }) => [counter, spent]))).toEqual(totals);
    });
  });

  describe('a reservation', () => {
    it('takes from all that it names, and says how they stand', async () => {
      await begin({ [january]: 5n });
      const parts = { buckets: [bucket()], slots: [slot({ limit: 2 })], budgets: [budget()] };
      expect(await reserve('a', parts)).toEqual({
        outcome: 'reserved',
        again: false,
        wouldDeny: [],
        buckets: [{ remaining: 70, resetMs: 30_000 }],
        slots: [{ used: 1 }],
        budgets: [{ spent: 5n, held: 30n, limit: 100n }],
      });
    });

    it('tells what its output was lowered to when it comes again', async () => {
      await begin();
      const parts = { budgets: [budget()] };
      expect(await reserve('a', { ...parts, outputCap: 80 })).not.toHaveProperty('outputCap');
      expect(await reserve('a', parts)).toMatchObject({ again: true, outputCap: 80 });
      await reserve('b', parts);
      expect(await reserve('b', parts)).not.toHaveProperty('outputCap');
    });

    it('tells whether it was for the fallback alone when it comes again, though it names nothing', async () => {
      await begin();
      for (const [id, parts] of [
        ['a', { budgets: [budget()] }],
        ['b', {}],
        ['c', { outputCap: 80, slots: [slot()] }],
      ] as const) {
        expect(await reserve(id, { ...parts, fallback: true })).not.toHaveProperty('fallback');
        expect(await reserve(id, { budgets: [budget({ counter: december })] })).toMatchObject({
          again: true,
          fallback: true,
        });
      }
      expect(await reserve('c', {})).toMatchObject({ outputCap: 80, fallback: true });
      expect(await standing(december)).toEqual({ spent: 0n, held: 0n });
      await reserve('d', { outputCap: 80 });
      expect(await reserve('d', { fallback: true })).not.toHaveProperty('fallback');
      await tested.store.release(['b']);
      await reserve('b', {});
      expect(await reserve('b', { fallback: true })).not.toHaveProperty('fallback');
    });

    it('changes nothing when it comes again', async () => {
      await begin();
      const parts = { buckets: [bucket()], slots: [slot()], budgets: [budget()] };
      const first = await reserve('a', parts);
      expect(await reserve('a', parts)).toEqual({ ...first, again: true });
      await tested.advance(60_000);
      expect(await reserve('a', parts)).toMatchObject({ again: false, slots: [{ used: 1 }] });
      expect(await standing()).toEqual({ spent: 0n, held: 30n });
    });

    it.each([
      ['bucket', 0, { buckets: [bucket({ cost: 71 }), bucket({ key: 'other' })] }],
      ['slot', 1, { slots: [slot({ key: 'other' }), slot()] }],
      ['budget', 1, { budgets: [budget({ counter: december }), budget({ amount: 71n })] }],
    ])('that is refused by a %s takes nothing from the others', async (by, index, parts) => {
      await begin();
      await reserve('a', { buckets: [bucket()], slots: [slot()], budgets: [budget()] });
      expect(await reserve('b', parts)).toMatchObject({ outcome: 'denied', refusal: { by, index } });
      const others = {
        buckets: [bucket({ key: 'other', cost: 100 })],
        slots: [slot({ key: 'other' })],
        budgets: [budget({ counter: december, amount: 100n })],
      };
      expect(await reserve('c', others)).toMatchObject({ outcome: 'reserved', wouldDeny: [] });
      expect(await standing()).toEqual({ spent: 0n, held: 30n });
    });

    it('names the first that refused: buckets, then slots, then budgets', async () => {
      await begin();
      const over = { slots: [slot({ limit: 0 })], budgets: [budget({ limit: 0n })] };
      expect(await reserve('a', over)).toMatchObject({ refusal: { by: 'slot', index: 0 } });
      const empty = bucket({ cost: 100 });
      await reserve('b', { buckets: [empty] });
      expect(await reserve('a', { ...over, buckets: [empty] })).toMatchObject({
        refusal: { by: 'bucket', index: 0 },
      });
    });

    it('passes what is not enforced, counts it, and says what would have refused', async () => {
      await begin();
      const lenient = {
        buckets: [bucket({ cost: 500, enforce: false })],
        slots: [slot({ limit: 0, enforce: false })],
        budgets: [budget(), budget({ counter: december, amount: 101n, enforce: false })],
      };
      expect(await reserve('a', lenient)).toEqual({
        outcome: 'reserved',
        again: false,
        wouldDeny: [
          { by: 'bucket', index: 0 },
          { by: 'slot', index: 0 },
          { by: 'budget', index: 1 },
        ],
        buckets: [{ remaining: -100, resetMs: 200_000 }],
        slots: [{ used: 1 }],
        budgets: [
          { spent: 0n, held: 30n, limit: 100n },
          { spent: 0n, held: 101n, limit: 100n },
        ],
      });
    });
  });

  describe('a bucket', () => {
    const spend = (id: string, cost: number) => reserve(id, { buckets: [bucket({ cost })] });

    it('fits again exactly when it said', async () => {
      await spend('a', 100);
      await tested.advance(333);
      const denied = await spend('b', 7);
      expect(denied).toMatchObject({ outcome: 'denied', retryAfterMs: 6_667, buckets: [{ remaining: 0 }] });
      await tested.advance(6_666);
      expect(await spend('b', 7)).toMatchObject({ outcome: 'denied', retryAfterMs: 1 });
      await tested.advance(1);
      expect(await spend('b', 7)).toMatchObject({ outcome: 'reserved', buckets: [{ remaining: 0 }] });
    });

    it('says the longest wait of several', async () => {
      const slow = bucket({ key: 'slow', perMinute: 1, cost: 100 });
      await reserve('a', { buckets: [bucket({ cost: 100 }), slow] });
      expect(await reserve('b', { buckets: [bucket({ cost: 1 }), { ...slow, cost: 1 }] })).toMatchObject({
        refusal: { by: 'bucket', index: 0 },
        retryAfterMs: 60_000,
      });
    });

    it('loses nothing to rounding, however often it is asked', async () => {
      const slow = (cost: number) => ({ buckets: [bucket({ perMinute: 7, cost })] });
      await reserve('a', slow(100));
      for (let step = 0; step < 60; step += 1) {
        await tested.advance(1_000);
        await reserve(`probe ${step}`, slow(0));
      }
      expect(await reserve('b', slow(8))).toMatchObject({ outcome: 'denied' });
      expect(await reserve('b', slow(7))).toMatchObject({ outcome: 'reserved' });
    });

    it('is never more than full', async () => {
      await spend('a', 100);
      await tested.advance(3_600_000);
      expect(await spend('b', 0)).toMatchObject({ buckets: [{ remaining: 100, resetMs: 0 }] });
    });

    it('refuses for ever what is more than its capacity, when it is enforced', async () => {
      expect(await spend('a', 101)).toEqual({ outcome: 'too_large', index: 0 });
    });

    it.each([
      { tokens: 10, remaining: 90, what: 'gets back what was not used' },
      { tokens: 130, remaining: -30, what: 'goes into debt for what was used beyond the estimate' },
      { tokens: undefined, remaining: 40, what: 'keeps the estimate when nobody knows' },
    ])('$what, once', async ({ tokens, remaining }) => {
      await begin();
      await spend('a', 60);
      await settle(record('a', { ends: false }));
      expect(await spend('b', 0)).toMatchObject({ buckets: [{ remaining: 40 }] });
      await settle(record('a', { tokens }), record('a', { tokens }));
      expect(await spend('c', 0)).toMatchObject({ buckets: [{ remaining }] });
    });

    it('is not filled above its capacity by what comes back late', async () => {
      await begin();
      await spend('a', 100);
      await tested.advance(50_000);
      await settle(record('a', { tokens: 0 }));
      expect(await spend('b', 0)).toMatchObject({ buckets: [{ remaining: 100 }] });
    });

    it('of requests is not corrected by tokens', async () => {
      await begin();
      await reserve('a', { buckets: [bucket({ cost: 1, correctable: false })] });
      await settle(record('a', { tokens: 0 }));
      expect(await spend('b', 0)).toMatchObject({ buckets: [{ remaining: 99 }] });
    });

    it.each([
      { attempt: 10, last: 15, used: 25, what: 'by what all attempts used' },
      { attempt: undefined, last: 15, used: 15, what: 'by those that knew' },
      { attempt: 10, last: undefined, used: 30, what: 'not at all when the last one does not know' },
    ])('is corrected $what', async ({ attempt, last, used }) => {
      for (const together of [true, false]) {
        await tested.empty();
        ledgerEnd = 0;
        await begin();
        await reserve('a', { buckets: [bucket({ cost: 30 })] });
        const [first, second] = [
          record('a', { ends: false, tokens: attempt }),
          record('a', { tokens: last }),
        ];
        if (together) await settle(first, second);
        else for (const one of [first, second]) await settle(one);
        const look = await reserve('look', { buckets: [bucket({ cost: 0, enforce: false })] });
        expect(look).toMatchObject({ buckets: [{ remaining: 100 - used }] });
      }
    });

    it('that charged less than the cost gives back no more than it charged', async () => {
      await reserve('a', { buckets: [bucket({ cost: 1_000, enforce: false })] });
      await tested.store.release(['a']);
      expect(await spend('b', 100)).toMatchObject({ outcome: 'reserved', buckets: [{ remaining: 0 }] });
    });
  });

  describe('slots', () => {
    const enter = (id: string) => reserve(id, { slots: [slot({ limit: 2 })] });

    it('are free again when a request finishes, is released, or is not extended', async () => {
      await enter('a');
      await enter('b');
      expect(await enter('c')).toMatchObject({ outcome: 'denied', refusal: { by: 'slot', index: 0 } });
      await tested.store.finish(['a', 'unknown'], 60_000);
      await tested.store.finish(['a'], 60_000);
      expect(await enter('c')).toMatchObject({ outcome: 'reserved', slots: [{ used: 2 }] });
      await tested.store.release(['b']);
      expect(await enter('d')).toMatchObject({ outcome: 'reserved', slots: [{ used: 2 }] });
      await tested.advance(59_999);
      await tested.store.extend(['d', 'unknown'], 60_000);
      expect(await enter('e')).toMatchObject({ outcome: 'denied' });
      await tested.advance(1);
      expect(await enter('e')).toMatchObject({ outcome: 'reserved', slots: [{ used: 2 }] });
      await tested.advance(59_999);
      expect(await enter('f')).toMatchObject({ outcome: 'reserved', slots: [{ used: 2 }] });
    });

    it('are not taken again by a request that finished, though it is extended', async () => {
      await enter('a');
      await tested.store.finish(['a'], 60_000);
      await tested.store.extend(['a'], 90_000);
      expect(await enter('b')).toMatchObject({ slots: [{ used: 1 }] });
    });

    it('are free though more holds expired than one call sweeps', async () => {
      const crowd = Array.from({ length: 100 }, (_, index) => `crowd ${index}`);
      for (const id of crowd) await reserve(id, { slots: [slot({ limit: 100 })] });
      await tested.advance(60_000);
      expect(await enter('a')).toMatchObject({ outcome: 'reserved', slots: [{ used: 1 }] });
    });
  });

  describe('a budget', () => {
    const hold = (id: string, amount: bigint, parts: Partial<BudgetHold> = {}) =>
      reserve(id, { budgets: [budget({ amount, ...parts })] });

    it('is used to its limit and not beyond', async () => {
      await begin({ [january]: 40n });
      await hold('a', 50n);
      expect(await hold('b', 11n)).toEqual({
        outcome: 'denied',
        refusal: { by: 'budget', index: 0 },
        buckets: [],
        slots: [],
        budgets: [{ spent: 40n, held: 50n, limit: 100n }],
      });
      expect(await hold('b', 10n)).toMatchObject({ outcome: 'reserved' });
      expect(await hold('c', 0n)).toMatchObject({ outcome: 'reserved' });
      expect(await hold('d', 1n)).toMatchObject({ outcome: 'denied' });
    });

    it('refuses nobody who needs nothing of it, though it is overdrawn', async () => {
      await begin({ [january]: 101n });
      expect(await hold('a', 0n)).toMatchObject({ outcome: 'reserved', wouldDeny: [] });
      expect(await hold('b', 0n, { enforce: false })).toMatchObject({ outcome: 'reserved', wouldDeny: [] });
      expect(await hold('c', 1n)).toMatchObject({ outcome: 'denied' });
      const budgets = [budget({ amount: 0n }), budget({ counter: december, amount: 101n })];
      expect(await reserve('d', { budgets })).toMatchObject({ refusal: { by: 'budget', index: 1 } });
    });

    it('is exact where a double is not', async () => {
      const limit = 3n * 2n ** 60n + 1n;
      await begin({ [january]: 2n ** 60n });
      expect(await hold('a', 2n ** 61n, { limit })).toMatchObject({
        outcome: 'reserved',
        budgets: [{ spent: 2n ** 60n, held: 2n ** 61n, limit }],
      });
      expect(await hold('b', 2n, { limit })).toMatchObject({ outcome: 'denied' });
      expect(await hold('b', 1n, { limit })).toMatchObject({ outcome: 'reserved' });
      await settle(record('a', { charges: [[january, 10n ** 21n + 7n]] }));
      expect(await standing()).toEqual({ spent: 10n ** 21n + 7n + 2n ** 60n, held: 1n });
    });

    it.each([
      { before: undefined, carried: 0n, what: 'nothing when nothing is known of the period before' },
      { before: 100n, carried: 0n, what: 'nothing when nothing was left' },
      { before: 130n, carried: 0n, what: 'nothing when more was spent' },
      { before: 95n, carried: 5n, what: 'what was left' },
      { before: 10n, carried: 20n, what: 'no more than it may' },
      { before: -10n, carried: 20n, what: 'no more than it may after a credit' },
    ])('carries over $what', async ({ before, carried }) => {
      await begin(before === undefined ? {} : { [december]: before });
      const carry = { counter: december, limit: 100n, most: 20n };
      expect(await hold('a', 101n + carried, { carry })).toMatchObject({ outcome: 'denied' });
      expect(await hold('a', 100n + carried, { carry })).toMatchObject({
        outcome: 'reserved',
        budgets: [{ limit: 100n + carried }],
      });
    });

    it('has room again when a hold ends, whichever way, and only once', async () => {
      await begin();
      await hold('settled', 20n);
      await hold('released', 20n);
      await hold('expired', 20n, {});
      await hold('kept', 20n);
      await settle(record('settled', { charges: [[january, 15n]] }), record('settled'));
      expect(await standing()).toEqual({ spent: 15n, held: 60n });
      await tested.store.release(['released', 'released', 'settled']);
      await tested.store.release(['released']);
      expect(await standing()).toEqual({ spent: 15n, held: 40n });
      await tested.advance(30_000);
      await tested.store.extend(['kept'], 60_000);
      await tested.store.extend(['kept'], 1_000);
      await tested.advance(30_000);
      expect(await tested.store.sweep()).toBe(1);
      expect(await standing()).toEqual({ spent: 15n, held: 20n });
      await tested.store.extend(['expired'], 60_000);
      expect(await standing()).toEqual({ spent: 15n, held: 20n });
    });

    it('keeps a hold when the request finishes, until it is settled', async () => {
      await begin();
      await hold('a', 20n);
      await tested.store.finish(['a'], 60_000);
      expect(await standing()).toEqual({ spent: 0n, held: 20n });
      await settle(record('a', { charges: [[january, 12n]] }));
      expect(await standing()).toEqual({ spent: 12n, held: 0n });
    });

    it('keeps the hold of a request that finished for as long as its usage may take', async () => {
      await begin();
      await hold('late', 20n);
      await hold('running', 10n);
      await hold('longer', 5n);
      await tested.store.extend(['longer'], 1_000_000);
      await tested.advance(59_999);
      await tested.store.finish(['late', 'longer', 'unknown'], 900_000);
      await tested.store.extend(['late'], 60_000);
      await tested.advance(899_999);
      expect(await standing()).toEqual({ spent: 0n, held: 25n });
      await tested.advance(1);
      expect(await standing()).toEqual({ spent: 0n, held: 5n });
    });

    describe('of a request whose attempts were all handed back', () => {
      const account = (charge: bigint, tokens?: number) =>
        settle(record('a', { ends: false, charges: [[january, charge]], tokens }));
      const bucketLeft = async (): Promise<unknown> => {
        const outcome = await reserve(`look ${tested.now()}`, {
          buckets: [{ ...bucket(), cost: 0, enforce: false }],
        });
        return 'buckets' in outcome ? outcome.buckets[0]?.remaining : outcome;
      };

      it.each<[string, readonly ('account' | 'finish')[]]>([
        ['before', ['account', 'account', 'finish']],
        ['between', ['account', 'finish', 'account']],
        ['after', ['finish', 'account', 'account']],
      ])(
        'is held until there is an account of each, and no longer: it ends %s them',
        async (_when, order) => {
          await begin();
          await reserve('a', { slots: [slot()], budgets: [budget({ amount: 20n })], buckets: [bucket()] });
          for (const [step, what] of order.entries()) {
            expect((await standing()).held).toBe(20n);
            if (what === 'account') await account(7n, 40);
            else await tested.store.finish(['a'], 900_000, 2);
            const spent = BigInt(order.slice(0, step + 1).filter((one) => one === 'account').length) * 7n;
            expect((await standing()).spent).toBe(spent);
          }
          expect(await standing()).toEqual({ spent: 14n, held: 0n });
          expect(await bucketLeft()).toBe(bucket().capacity - 80);
          await tested.store.finish(['a'], 900_000, 2);
          expect(await standing()).toEqual({ spent: 14n, held: 0n });
        },
      );

      it('leaves no moment in which a budget knows of neither hold nor use', async () => {
        await begin();
        await hold('a', 100n);
        await tested.store.finish(['a'], 900_000, 1);
        expect(await hold('b', 1n)).toMatchObject({ outcome: 'denied' });
        await account(80n);
        expect(await hold('b', 21n)).toMatchObject({ outcome: 'denied' });
        expect(await hold('b', 20n)).toMatchObject({ outcome: 'reserved' });
      });

      it('is given back for good: its accounts are not those of a request that comes after', async () => {
        await begin();
        await hold('a', 20n);
        await account(1n);
        await tested.store.release(['a']);
        await hold('a', 20n);
        await tested.store.finish(['a'], 900_000, 1);
        expect((await standing()).held).toBe(20n);
      });

      it('has its slots free at once', async () => {
        await begin();
        await reserve('a', { slots: [slot({ limit: 1 })] });
        await tested.store.finish(['a'], 900_000, 1);
        expect(await reserve('b', { slots: [slot({ limit: 1 })] })).toMatchObject({ outcome: 'reserved' });
      });

      it('ends with the account that says so, whatever else was waited for', async () => {
        await begin();
        await hold('a', 20n);
        await tested.store.finish(['a'], 900_000, 2);
        await settle(record('a', { charges: [[january, 5n]] }));
        expect(await standing()).toEqual({ spent: 5n, held: 0n });
      });
    });

    describe('that a copy of its request shares', () => {
      const copy = (id: string) => reserve(id, { isCopy: true, budgets: [budget({ amount: 20n })] });

      it.each([
        ['comes second', async () => [await hold('a', 20n), await copy('a')]],
        ['comes first', async () => [await copy('a'), await hold('a', 20n)]],
      ])('is not given back when one of them is refused: the copy %s', async (_which, admit) => {
        await begin();
        await admit();
        await tested.store.release(['a']);
        await tested.store.finish(['a'], 900_000, 1);
        await settle(record('a', { ends: false, charges: [[january, 1n]] }));
        expect((await standing()).held).toBe(20n);
        await settle(record('a'));
        expect((await standing()).held).toBe(0n);
      });

      it('waits no longer for what the first was to leave', async () => {
        await begin();
        await hold('a', 20n);
        await tested.store.finish(['a'], 900_000, 1);
        await copy('a');
        await settle(record('a', { ends: false }));
        expect((await standing()).held).toBe(20n);
      });
    });

    it('does not come back when a request finishes after its hold expired', async () => {
      await begin();
      await hold('a', 20n);
      await tested.advance(60_000);
      await tested.store.finish(['a'], 900_000);
      expect(await standing()).toEqual({ spent: 0n, held: 0n });
    });

    it('forgets expired holds some at a time', async () => {
      await begin();
      for (let index = 0; index < 40; index += 1) await hold(`request ${index}`, 1n);
      await tested.advance(60_000);
      expect(await tested.store.sweep()).toBe(32);
      expect(await tested.store.sweep()).toBe(8);
      expect(await tested.store.sweep()).toBe(0);
      expect(await standing()).toEqual({ spent: 0n, held: 0n });
    });

    it('is forgotten 35 days after its period', async () => {
      const endsAt = Math.floor(tested.now() / 1_000);
      const counter = `t|org:acme|daily|${endsAt - 86_400}|${endsAt}`;
      await begin({ [january]: 1n });
      await settle(record('a', { charges: [[counter, 3n]] }));
      await tested.advance(35 * 86_400_000 - 1);
      await tested.store.sweep();
      expect(await standing(counter)).toEqual({ spent: 3n, held: 0n });
      await tested.advance(1);
      await tested.store.sweep();
      expect(await standing(counter)).toEqual({ spent: 0n, held: 0n });
      expect(await standing()).toEqual({ spent: 1n, held: 0n });
    });

    it('names its holds', async () => {
      await begin();
      await hold('a', 7n);
      await hold('b', 8n);
      await reserve('c', { slots: [slot()] });
      await hold('d', 9n, { counter: december });
      const { holds, complete } = await tested.store.holdsOf(january, 2);
      const expiresAt = tested.now() + 60_000;
      expect(complete).toBe(true);
      expect([...holds].sort((left, right) => (left.id < right.id ? -1 : 1))).toEqual([
        { id: 'a', amount: 7n, expiresAt },
        { id: 'b', amount: 8n, expiresAt },
      ]);
      const first = await tested.store.holdsOf(january, 1);
      expect(first.holds).toHaveLength(1);
      expect(first.complete).toBe(false);
    });
  });

  describe('settling', () => {
    const batch = (from: number, to: number, amount = 10n) =>
      tested.store.settle({ epoch, from, to, records: [record('a', { charges: [[january, amount]] })] });

    it('applies each batch once, and says where to go on', async () => {
      await begin();
      expect(await batch(0, 3)).toEqual({ outcome: 'applied', watermark: 3 });
      expect(await batch(0, 3)).toEqual({ outcome: 'behind', watermark: 3 });
      expect(await batch(1, 5)).toEqual({ outcome: 'behind', watermark: 3 });
      expect(await batch(4, 6)).toEqual({ outcome: 'behind', watermark: 3 });
      expect(await batch(3, 7, -4n)).toEqual({ outcome: 'applied', watermark: 7 });
      expect(await standing()).toEqual({ spent: 6n, held: 0n });
      expect(await tested.store.position()).toEqual({ epoch, watermark: 7 });
    });

    it('does not mix two ledgers', async () => {
      await begin();
      expect(await tested.store.settle({ epoch: 'another', from: 0, to: 1, records: [] })).toEqual({
        outcome: 'foreign',
        epoch,
      });
    });

    it('ends a hold with the last of the records of its request', async () => {
      await begin();
      await reserve('a', { budgets: [budget()] });
      await settle(record('a', { ends: false, charges: [[january, 3n]] }));
      expect(await standing()).toEqual({ spent: 3n, held: 30n });
      await settle(record('a', { charges: [[january, 4n]] }));
      expect(await standing()).toEqual({ spent: 7n, held: 0n });
    });

    it('is repeated from the watermark that a store came back with', async () => {
      await begin();
      await batch(0, 3);
      const goBack = await tested.snapshot();
      await batch(3, 4);
      await goBack();
      expect(await batch(4, 5)).toEqual({ outcome: 'behind', watermark: 3 });
      await batch(3, 4);
      await batch(4, 5);
      expect(await standing()).toEqual({ spent: 30n, held: 0n });
    });

    it('starts over from totals after everything was lost', async () => {
      await begin();
      await batch(0, 3);
      await tested.empty();
      expect(await batch(3, 4)).toEqual({ outcome: 'uninitialised' });
      await tested.store.restore({ epoch, watermark: 3, totals: new Map([[january, 10n]]) });
      await batch(3, 4);
      expect(await standing()).toEqual({ spent: 20n, held: 0n });
    });
  });
};

describe('the limit store in memory', () => suite(async () => createMemoryUnderTest()));

describe.skipIf(missing !== undefined)(
  `the limit store in Redis${missing ? `, skipped: ${missing}` : ''}`,
  () => {
    let redis: TestRedis;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());
    suite(() => createRedisUnderTest(redis.url));
  },
);
