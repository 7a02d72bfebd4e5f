import { type AttemptFinal, toFinalEvent, toStartedEvent, type UsageEvent } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toUnknownFinal } from '../core/reap-intents.ts';
import type { Step } from '../testdata/fake-log.ts';
import { baseFinal, LedgerWorld } from '../testdata/ledger-world.ts';
import { LedgerHalt } from './ledger-halt.ts';

const source = '/gateways/test';

const finalOf = (requestId: string, fields: Partial<AttemptFinal> = {}): AttemptFinal => ({
  ...baseFinal,
  requestId,
  ...fields,
});

const started = (requestId: string, fields: Partial<AttemptFinal> = {}): UsageEvent => {
  const { revision, quality, outcome, usage, totalMs, deliveredBytes, ...data } = finalOf(requestId, fields);
  return toStartedEvent(source, data);
};

const final = (requestId: string, fields: Partial<AttemptFinal> = {}): UsageEvent =>
  toFinalEvent(source, finalOf(requestId, fields));

const tokensOf = (revision: number): number => 10 * (revision + 1);

const revised = (requestId: string, revision: number, fields: Partial<AttemptFinal> = {}): UsageEvent =>
  final(requestId, { revision, usage: { inputTotal: tokensOf(revision), outputTotal: 1 }, ...fields });

/** Everything that may be told of some attempts, told one to three times in any order, in batches of any size. */
const tellings = fc
  .array(fc.subarray(['s', 0, 1, 2] as const, { minLength: 1 }), { minLength: 1, maxLength: 5 })
  .chain((attempts) => {
    const facts = attempts.flatMap((told, attempt) => told.map((fact) => ({ attempt, fact })));
    return fc.record({
      attempts: fc.constant(attempts),
      order: fc
        .tuple(
          fc.shuffledSubarray(facts, { minLength: facts.length }),
          fc.array(fc.constantFrom(...facts), { maxLength: facts.length }),
        )
        .chain(([once, more]) =>
          fc.shuffledSubarray([...once, ...more], { minLength: once.length + more.length }),
        ),
      batch: fc.integer({ min: 1, max: 4 }),
      maxAccounts: fc.constantFrom(1, 2, 1_000),
    });
  });

const eventOf = ({ attempt, fact }: { attempt: number; fact: 's' | 0 | 1 | 2 }): UsageEvent => {
  const id = `request-${attempt}`;
  const startedAt = baseFinal.startedAt + attempt;
  return fact === 's' ? started(id, { startedAt }) : revised(id, fact, { startedAt });
};

const tell = (order: readonly { attempt: number; fact: 's' | 0 | 1 | 2 }[], batch: number): LedgerWorld => {
  const world = new LedgerWorld();
  for (let index = 0; index < order.length; index += batch)
    world.publish(order.slice(index, index + batch).map(eventOf));
  return world;
};

class Crash extends Error {}

/** Dies at the given step: before it is done, or after it was done and before the process has heard of it. */
const dieAt = (at: number, moment: 'before' | 'after'): { step: Step; reached: () => boolean } => {
  let count = 0;
  return {
    step: (now) => {
      if (now !== moment) return;
      count += 1;
      if (count === at) throw new Crash(`at step ${at}`);
    },
    reached: () => count >= at,
  };
};

const runUntilDone = async (world: LedgerWorld, step: Step): Promise<boolean> => {
  try {
    await world.run(step);
    return true;
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    return false;
  }
};

describe('laws of the ledger', () => {
  it('late, repeated and disordered accounts come to the same totals as the best account of each attempt', async () => {
    await fc.assert(
      fc.asyncProperty(tellings, async ({ attempts, order, batch, maxAccounts }) => {
        const world = tell(order, batch);
        world.maxAccounts = maxAccounts;
        await world.run();
        const best = attempts.flatMap((told) => {
          const revisions = told.filter((fact) => fact !== 's');
          return revisions.length === 0 ? [] : [tokensOf(Math.max(...revisions))];
        });
        expect(world.totals()).toEqual({
          requests: best.length,
          tokens: best.reduce((sum, tokens) => sum + tokens + 1, 0),
          chargeNano: best.reduce((sum, tokens) => sum + BigInt(tokens + 2), 0n),
        });
        expect(world.problems()).toEqual([]);
        const intentsOpen = attempts.filter((told) => told.every((fact) => fact === 's')).length;
        expect(world.commits().at(-1)?.openIntents).toBe(intentsOpen);
      }),
      { numRuns: 200 },
    );
  });

  it('each event of USAGE is counted once, as one of four things', async () => {
    await fc.assert(
      fc.asyncProperty(tellings, async ({ order, batch }) => {
        const world = tell(order, batch);
        await world.run();
        const counted = world
          .commits()
          .reduce(
            (sum, { started, records, duplicates, poison }) => sum + started + records + duplicates + poison,
            0,
          );
        expect(counted).toBe(order.length);
      }),
      { numRuns: 50 },
    );
  });

  it('whatever an event says, the ledger that is made of it can be read, and gone on with', async () => {
    const fields = [
      'revision',
      'startedAt',
      'deadline',
      'usage',
      'modelServed',
      'route',
      'estimatedInput',
      'charges',
    ];
    const values = fc.oneof(fc.jsonValue(), fc.maxSafeInteger(), fc.constantFrom(-1, 2e12, 9e15));
    const mutations = fc.array(fc.tuple(fc.constantFrom(...fields), values), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(mutations, { minLength: 1, maxLength: 6 }), async (events) => {
        const world = new LedgerWorld();
        for (const mutated of events) {
          const event = final('request-1');
          world.publish([{ ...event, data: { ...event.data, ...Object.fromEntries(mutated) } }]);
          await world.run();
        }
        world.publish([revised('request-1', 2)]);
        await world.run();
        expect(world.problems()).toEqual([]);
      }),
    );
  });

  it('what nobody accounts for is accounted for, whatever its intent says', async () => {
    const odd = fc.constantFrom(-1, 0, 2e12, 9e15, -9e15);
    await fc.assert(
      fc.asyncProperty(odd, odd, async (estimatedInput, deadline) => {
        const world = new LedgerWorld();
        const intent = started('request-1', { estimatedInput, deadline });
        if (intent.type !== 'io.weir.usage.started.v1') throw new Error('not an intent');
        world.publish([intent]);
        world.publish([toUnknownFinal(intent)]);
        await world.run();
        expect(world.commits().at(-1)).toMatchObject({ openIntents: 0, poison: 0 });
        expect(world.records()).toHaveLength(1);
      }),
    );
  });

  it('an account that memory has lost is found again, whatever characters its name has', async () => {
    const world = new LedgerWorld();
    world.maxAccounts = 1;
    const odd = 'quote " and \\ and \u0007';
    for (const id of [odd, 'request-2', 'request-3', odd]) world.publish([revised(id, 1)]);
    await world.run();
    expect(world.records().map(({ requestId }) => requestId)).toEqual([odd, 'request-2', 'request-3']);
  });

  it('the same usage makes the same ledger, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(tellings, async ({ order, batch }) => {
        const one = tell(order, batch);
        const other = tell(order, batch);
        await one.run();
        await other.run();
        expect(one.ledger.messages).toEqual(other.ledger.messages);
      }),
      { numRuns: 30 },
    );
  });

  it('a process that dies at any step leaves a ledger that the next one completes to the same records (complaint 14)', async () => {
    await fc.assert(
      fc.asyncProperty(
        tellings,
        fc.constantFrom('before', 'after'),
        async ({ order, batch, maxAccounts }, moment) => {
          const undisturbed = tell(order, batch);
          await undisturbed.run();
          for (let at = 1; ; at += 1) {
            const world = tell(order, batch);
            world.maxAccounts = maxAccounts;
            const death = dieAt(at, moment as 'before' | 'after');
            const finished = await runUntilDone(world, death.step);
            await world.run();
            expect(world.recorded()).toEqual(undisturbed.recorded());
            expect(world.problems()).toEqual([]);
            if (finished) break;
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('a process that dies again and again gets there in the end', async () => {
    const order = Array.from({ length: 12 }, (_unused, index) => ({
      attempt: index % 4,
      fact: (['s', 0, 1] as const)[index % 3] ?? 's',
    }));
    const undisturbed = tell(order, 2);
    await undisturbed.run();
    const world = tell(order, 2);
    for (let at = 1; at <= 200; at += 1) {
      const death = dieAt((at % 9) + 1, at % 2 === 0 ? 'before' : 'after');
      await runUntilDone(world, death.step);
    }
    await world.run();
    expect(world.recorded()).toEqual(undisturbed.recorded());
    expect(world.problems()).toEqual([]);
  });
});

describe('crash cases', () => {
  it('4: an adapter that dies after the intent leaves it open until it is accounted for as unknown', async () => {
    const world = new LedgerWorld();
    const intent = started('request-1', { estimatedInput: 7 });
    world.publish([intent]);
    await world.run();
    expect(world.commits().at(-1)).toMatchObject({ started: 1, records: 0, openIntents: 1, lowWater: 0 });
    if (intent.type !== 'io.weir.usage.started.v1') throw new Error('not an intent');
    world.publish([toUnknownFinal(intent)]);
    await world.run();
    expect(world.records()).toMatchObject([
      {
        revision: 0,
        outcome: 'unknown',
        quality: 'estimated',
        usage: { inputTotal: 7 },
        delta: { requests: 1 },
      },
    ]);
    expect(world.commits().at(-1)).toMatchObject({ openIntents: 0, lowWater: 2 });
  });

  it('5, 6: what an adapter could not say before it died is corrected by whoever finds it out', async () => {
    const world = new LedgerWorld();
    world.publish([started('request-1')]);
    world.publish([revised('request-1', 0), revised('request-1', 2)]);
    await world.run();
    expect(world.records().map(({ delta }) => delta)).toMatchObject([
      { inputTokens: 10, requests: 1 },
      { inputTokens: 20, requests: 0, previousRevision: 0 },
    ]);
  });

  it('7: an account that is stored twice counts once, also when its first record is older than memory', async () => {
    const world = new LedgerWorld();
    world.maxAccounts = 1;
    const event = revised('request-1', 1);
    world.publish([event]);
    for (let index = 2; index < 8; index += 1) world.publish([revised(`request-${index}`, 1)]);
    await world.run();
    world.publish([event, started('request-1')]);
    await world.run();
    expect(world.lookUps).toBeGreaterThan(0);
    expect(world.totals().requests).toBe(7);
    expect(world.commits().at(-1)).toMatchObject({ records: 0, duplicates: 2, openIntents: 0 });
  });

  it.each([
    ['before', [0, 1]],
    ['after', [1, 0]],
  ])('8: an estimate that comes %s the report leaves what the report says', async (_when, revisions) => {
    const world = new LedgerWorld();
    world.publish(revisions.map((revision) => revised('request-1', revision)));
    await world.run();
    expect(world.totals()).toEqual({ requests: 1, tokens: 21, chargeNano: 22n });
  });

  it('12, 13: a lost acknowledgement of an append is found out by reading the end again', async () => {
    const world = new LedgerWorld();
    world.publish([started('request-1'), revised('request-1', 1)]);
    const lost: Step = (moment) => {
      if (moment === 'after' && world.ledger.last > 0) throw new Crash('no acknowledgement');
    };
    expect(await runUntilDone(world, lost)).toBe(false);
    expect(world.ledger.last).toBe(2);
    await world.run();
    expect(world.totals().requests).toBe(1);
    expect(world.ledger.last).toBe(2);
  });

  it('14: a writer that was paused, and was succeeded, writes nothing when it wakes', async () => {
    const world = new LedgerWorld();
    world.publish([started('request-1'), revised('request-1', 1)]);
    const paused = Promise.withResolvers<void>();
    const asleep = Promise.withResolvers<void>();
    const zombie = world.run(undefined, {
      beforeAppend: () => {
        asleep.resolve();
        return paused.promise;
      },
    });
    await asleep.promise;
    await world.run();
    const written = world.ledger.last;
    paused.resolve();
    await expect(zombie).rejects.toThrow('somebody else has written to the ledger');
    expect(world.ledger.last).toBe(written);
    expect(world.problems()).toEqual([]);
  });

  it('a unit of which only a part is stored is completed, not written again', async () => {
    const world = new LedgerWorld();
    const events = [1, 2, 3].map((index) => revised(`request-${index}`, 1));
    world.publish([started('request-1'), ...events]);
    await world.run();
    const whole = structuredClone(world.ledger.messages.map(({ data }) => data));
    for (let kept = 0; kept <= whole.length; kept += 1) {
      world.ledger.messages.length = kept;
      await world.run();
      expect(world.problems()).toEqual([]);
      expect(world.records()).toHaveLength(3);
      expect(world.ledger.messages.slice(0, 3).map(({ data }) => data)).toEqual(whole.slice(0, 3));
    }
  });

  it('18: what cannot be read is buried and counted, and holds up nothing', async () => {
    const world = new LedgerWorld();
    world.publishBytes('no JSON');
    world.publish([null, revised('request-1', 1), { specversion: '1.0' }]);
    await world.run();
    expect([...world.buried.values()][0]).toBe('no JSON');
    expect([...world.buried.keys()]).toEqual(['2026-01-01T00:00:00Z.1', '2026-01-01T00:00:00Z.2']);
    expect(world.totals().requests).toBe(1);
    const poison = world.commits().reduce((sum, commit) => sum + commit.poison, 0);
    expect(poison).toBe(3);
  });

  it('19: usage without a price is recorded with its tokens, costs nothing, and says so', async () => {
    const world = new LedgerWorld();
    const nothing = { amountNano: '0', chargeNano: '0', currency: 'USD' };
    world.rate = () => ({ status: 'unpriced', ...nothing, problem: 'no_price' });
    world.publish([revised('request-1', 1)]);
    await world.run();
    expect(world.records()).toMatchObject([{ rating: { status: 'unpriced', problem: 'no_price' } }]);
    expect(world.totals()).toEqual({ requests: 1, tokens: 21, chargeNano: 0n });
  });

  it('22: a ledger of another USAGE stream is not written on', async () => {
    const world = new LedgerWorld();
    world.publish([revised('request-1', 1)]);
    await world.run();
    world.usage.epoch = '2026-02-02T00:00:00Z';
    world.publish([revised('request-2', 1)]);
    await expect(world.run()).rejects.toThrow(LedgerHalt);
    await expect(world.run()).rejects.toThrow(
      'stream USAGE was created 2026-02-02T00:00:00Z, but the ledger accounts for one created 2026-01-01T00:00:00Z',
    );
    expect(world.records()).toHaveLength(1);
  });

  it('10: a USAGE stream that has lost messages is found out', async () => {
    const world = new LedgerWorld();
    world.publish([revised('request-1', 1)]);
    world.publish([revised('request-2', 1)]);
    await world.run();
    world.usage.messages.pop();
    await expect(world.run()).rejects.toThrow('USAGE has lost messages');
  });
});

describe('accounts', () => {
  it('one event told twice with different contents counts as it was told first, and is reported', async () => {
    const world = new LedgerWorld();
    world.publish([
      revised('request-1', 1),
      revised('request-1', 1, { usage: { inputTotal: 999, outputTotal: 1 } }),
    ]);
    await world.run();
    expect(world.totals().tokens).toBe(21);
    expect(world.commits().at(-1)?.duplicates).toBe(1);
  });

  it('an attempt that is handed back ends no request; the next one does', async () => {
    const world = new LedgerWorld();
    world.publish([
      revised('request-1', 1, { handedBack: true }),
      revised('request-1', 1, { attempt: 2, run: 'b' }),
    ]);
    await world.run();
    expect(world.records().map(({ delta }) => delta.requests)).toEqual([0, 1]);
  });

  it('usage that nobody knows adds nothing, and is not called zero', async () => {
    const world = new LedgerWorld();
    world.publish([final('request-1', { usage: {}, quality: 'unknown' })]);
    await world.run();
    expect(world.records()).toMatchObject([
      { usage: {}, delta: { inputTokens: 0, outputTokens: 0, requests: 1 } },
    ]);
  });

  it('messages without a record are committed late, together', async () => {
    const world = new LedgerWorld();
    for (let index = 0; index < 20; index += 1) world.publish([started(`request-${index}`)]);
    const before = world.nowMs;
    await world.run();
    expect(world.commits()).toHaveLength(1);
    expect(world.nowMs - before).toBeGreaterThanOrEqual(10_000);
  });

  it('a unit never has more records than an atomic batch takes', async () => {
    const world = new LedgerWorld();
    for (let message = 0; message < 12; message += 1) {
      world.publish(
        Array.from({ length: 100 }, (_unused, index) => revised(`request-${message}-${index}`, 1)),
      );
    }
    await world.run();
    expect(Math.max(...world.commits().map(({ records }) => records))).toBeLessThanOrEqual(999);
    expect(world.totals().requests).toBe(1_200);
  });
});
