import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import type { PostgresExportConfig, RatedEvent } from '@weir/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OutgoingEvent } from '../core/part.ts';
import { startCuttingProxy } from '../testdata/cutting-proxy.ts';
import { outgoing, ratedEvent } from '../testdata/rated-events.ts';
import { createPostgresSink } from './postgres.ts';
import { firstPosition } from './postgres-statements.ts';
import type { Sink } from './sink.ts';

const epoch = '2026-11-20T00:00:00Z';
const at = (sequence: number) => ({ epoch, sequence });

const config: PostgresExportConfig = {
  name: 'warehouse',
  kind: 'postgres',
  url: { fromEnv: 'URL' },
  schema: 'weir',
  orgs: ['*'],
  startAt: 'first',
  batchSize: 500,
  timeoutMs: 10_000,
  maxPauseMs: 1_000,
};

let database: PGlite;
let server: PGLiteSocketServer;
let url: string;

beforeAll(async () => {
  database = await PGlite.create();
  server = new PGLiteSocketServer({ db: database, port: 0, maxConnections: 10 });
  await server.start();
  url = `postgres://postgres@${server.getServerConn()}/postgres`;
}, 60_000);

afterAll(async () => {
  await server.stop();
  await database.close();
});

beforeEach(async () => {
  await database.exec('drop schema if exists weir cascade');
});

const withSink = async <Result>(work: (sink: Sink) => Promise<Result>): Promise<Result> => {
  const sink = createPostgresSink(config, url);
  try {
    return await work(sink);
  } finally {
    await sink.close();
  }
};

const deliver = (sink: Sink, from: number | undefined, to: number, events: readonly OutgoingEvent[]) =>
  sink.deliver({ events, through: to }, from === undefined ? undefined : at(from), at(to));

const totals = async () => {
  const { rows } = await database.query<Record<string, string>>(
    `select org, sum(requests)::text as requests, sum(input_tokens)::text as input,
       sum(amount_nano)::text as amount, sum(charge_nano)::text as charge
     from weir.usage_daily group by org order by org`,
  );
  return rows;
};

const countRecords = async (): Promise<number> =>
  (await database.query('select 1 from weir.usage_record')).rows.length;

describe('a new database', () => {
  test('gets its tables, and says that nothing is there yet', async () => {
    expect(await withSink((sink) => sink.position())).toBeUndefined();
    expect(await countRecords()).toBe(0);
  });

  test('is not taken back to its start by a replica that looked before the other one wrote', async () => {
    await withSink(async (sink) => {
      await sink.position();
      await deliver(sink, undefined, 3, []);
      await deliver(sink, 3, 7, []);
      const late = await database.query(firstPosition('weir'), [config.name, epoch, 5]);
      expect(late.affectedRows).toBe(0);
      expect(await sink.position()).toEqual(at(7));
    });
  });

  test('gets them once', async () => {
    await withSink((sink) => sink.position());
    await withSink((sink) => sink.position());
    const { rows } = await database.query('select version from weir.migration');
    expect(rows).toEqual([{ version: 1 }]);
  });
});

describe('records', () => {
  test('are stored with the position, and added to the totals of their day', async () => {
    await withSink(async (sink) => {
      await sink.position();
      const events = [outgoing(1), outgoing(2), outgoing(3, ratedEvent(3, { org: 'other' }))];
      expect(await deliver(sink, undefined, 4, events)).toEqual({ outcome: 'delivered' });
      expect(await sink.position()).toEqual(at(4));
    });
    expect(await totals()).toEqual([
      { org: 'acme', requests: '2', input: '20', amount: '5000', charge: '6000' },
      { org: 'other', requests: '1', input: '10', amount: '2500', charge: '3000' },
    ]);
    const { rows } = await database.query(
      'select day::text, model, provider from weir.usage_daily where org = $1',
      ['other'],
    );
    expect(rows).toEqual([{ day: '2026-11-20', model: 'llama', provider: 'openai-compatible' }]);
  });

  test('keep amounts that no double can hold, and corrections', async () => {
    const huge = '123456789012345678901234567';
    const { rating, delta } = ratedEvent(1).data;
    const first = ratedEvent(1, {
      rating: { ...rating, amountNano: huge, chargeNano: huge },
      delta: { ...delta, amountNano: huge, chargeNano: huge },
    });
    const corrected = ratedEvent(1, {
      revision: 2,
      rating: { ...rating, amountNano: '1', chargeNano: '1' },
      delta: { ...delta, amountNano: `${1n - BigInt(huge)}`, chargeNano: '-5', inputTokens: -4, requests: 0 },
    });
    await withSink(async (sink) => {
      await sink.position();
      await deliver(sink, undefined, 2, [outgoing(1, first)]);
      expect((await totals())[0]?.['amount']).toBe(huge);
      await deliver(sink, 2, 4, [outgoing(3, corrected)]);
    });
    expect(await totals()).toMatchObject([{ requests: '1', input: '6', amount: '1' }]);
  });

  test('of a hostile model name are stored all the same', async () => {
    const hostile = `'; drop table x; --\u0000\uD800`;
    await withSink(async (sink) => {
      await sink.position();
      const events = [outgoing(1, ratedEvent(1, { modelRequested: hostile, modelServed: hostile }))];
      expect(await deliver(sink, undefined, 2, events)).toEqual({ outcome: 'delivered' });
    });
    const { rows } = await database.query('select model_requested as model from weir.usage_record');
    expect(rows).toEqual([{ model: `'; drop table x; --\uFFFD\uFFFD` }]);
  });

  test('that the tables do not take are refused, not tried for ever', async () => {
    await withSink(async (sink) => {
      await sink.position();
      const broken = ratedEvent(1, { requestId: 'not-a-uuid' });
      expect(await deliver(sink, undefined, 2, [outgoing(1, broken)])).toMatchObject({ outcome: 'refused' });
      expect(await sink.position()).toBeUndefined();
    });
  });
});

describe('a record that comes twice', () => {
  test('counts once, also when the position was lost', async () => {
    await withSink(async (sink) => {
      await sink.position();
      await deliver(sink, undefined, 4, [outgoing(1), outgoing(3)]);
      await database.exec('delete from weir.sink_position');
      await deliver(sink, undefined, 6, [outgoing(1), outgoing(3), outgoing(5)]);
    });
    expect(await countRecords()).toBe(3);
    expect(await totals()).toMatchObject([{ requests: '3', amount: '7500' }]);
  });

  test('by a replica that does not know of the first is not even looked at', async () => {
    await withSink(async (sink) => {
      await sink.position();
      await deliver(sink, undefined, 4, [outgoing(1), outgoing(3)]);
      expect(await deliver(sink, undefined, 2, [outgoing(1)])).toEqual({ outcome: 'moved' });
      expect(await deliver(sink, 2, 8, [outgoing(7)])).toEqual({ outcome: 'moved' });
    });
    expect(await countRecords()).toBe(2);
  });
});

describe.each(['before-commit', 'after-commit'] as const)('a connection that breaks %s', (cutAt) => {
  test('leaves rows and position as one: what is delivered again counts once', async () => {
    await withSink((sink) => sink.position());
    const [host = '', port = ''] = server.getServerConn().split(':');
    const proxy = await startCuttingProxy({ host, port: Number(port) }, cutAt);
    const cut = createPostgresSink(config, `postgres://postgres@127.0.0.1:${proxy.port}/postgres`);
    const first = await deliver(cut, undefined, 4, [outgoing(1), outgoing(3)]).catch(() => undefined);
    expect(proxy.isCut()).toBe(true);
    expect(first).not.toEqual({ outcome: 'delivered' });
    await cut.close();
    await proxy.close();

    await withSink(async (sink) => {
      const position = await sink.position();
      expect(position).toEqual(cutAt === 'before-commit' ? undefined : at(4));
      expect(await countRecords()).toBe(position === undefined ? 0 : 2);
      const left = [1, 3, 5].filter((sequence) => sequence > (position?.sequence ?? 0));
      await deliver(
        sink,
        position?.sequence,
        6,
        left.map((sequence) => outgoing(sequence)),
      );
    });
    expect(await countRecords()).toBe(3);
    expect(await totals()).toMatchObject([{ requests: '3', amount: '7500', charge: '9000' }]);
  });
});

test('whatever is delivered however often, in whatever portions, the totals are those of the records', async () => {
  const step = fc.record({ from: fc.nat({ max: 9 }), count: fc.integer({ min: 1, max: 6 }) });
  const events: readonly RatedEvent[] = Array.from({ length: 10 }, (_none, index) => ratedEvent(index + 1));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      await database.exec('drop schema if exists weir cascade');
      const seen = new Set<string>();
      await withSink(async (sink) => {
        for (const { from, count } of steps) {
          const some = events.slice(from, from + count);
          for (const { id } of some) seen.add(id);
          const position = await sink.position();
          const part = { events: some.map((event, index) => outgoing(from + index + 1, event)), through: 0 };
          await sink.deliver(part, position, at((position?.sequence ?? 0) + 1));
        }
      });
      expect(await countRecords()).toBe(seen.size);
      expect((await totals())[0]?.['amount']).toBe(String(seen.size * 2_500));
    }),
    { numRuns: 10 },
  );
});

test('a database that is not there is a failure, to be tried again', async () => {
  const sink = createPostgresSink(config, 'postgres://postgres@127.0.0.1:1/postgres');
  await expect(sink.position()).rejects.toThrow('ECONNREFUSED');
  expect(await deliver(sink, undefined, 1, [outgoing(1)])).toMatchObject({ outcome: 'failed' });
  await sink.close();
});
