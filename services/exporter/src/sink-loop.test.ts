import { subjects } from '@weir/contracts';
import type { LogPosition } from '@weir/messaging';
import { waitFor } from '@weir/testing';
import { afterEach, describe, expect, test } from 'vitest';
import type { DeliverOutcome } from './core/judge-answer.ts';
import type { Part } from './core/part.ts';
import { readLedgerEvent } from './core/select-events.ts';
import type { DeadLetter } from './dead-letters.ts';
import { SinkLoop } from './sink-loop.ts';
import type { Sink } from './sinks/sink.ts';
import { MemoryStream } from './testdata/memory-stream.ts';

const delivered: DeliverOutcome = { outcome: 'delivered' };

/** Stands for everything outside of one feed. */
class World {
  stream = new MemoryStream();
  stored: LogPosition | undefined;
  /** What the sink was given, in order, as often as it was. */
  given: number[] = [];
  buried: DeadLetter[] = [];
  pauses: number[] = [];
  counts = { delivered: 0, failed: 0, deadLetters: 0, lag: -1 };
  startAt: 'first' | 'new' = 'first';
  batchSize = 4;
  /** Says what becomes of a part; the position is only kept when it is delivered. */
  judge: (part: Part) => DeliverOutcome = () => delivered;
  /** Thrown after the sink took a part, before the position was kept. */
  crashAfter: Error | undefined;

  sink(): Sink {
    return {
      position: async () => this.stored,
      deliver: async (part, from, to) => {
        const judged = part.events.length === 0 ? delivered : this.judge(part);
        if (judged.outcome !== 'delivered') return judged;
        this.given.push(...part.events.map(({ sequence }) => sequence));
        const crash = this.crashAfter;
        this.crashAfter = undefined;
        if (crash) throw crash;
        if (JSON.stringify(from) !== JSON.stringify(this.stored)) return { outcome: 'moved' };
        this.stored = to;
        return delivered;
      },
      close: async () => undefined,
    };
  }
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const logger = { error: () => undefined, warn: () => undefined, info: () => undefined } as never;

const start = (world: World): void => {
  const { counts } = world;
  const loop = new SinkLoop({
    feed: {
      name: 'one',
      source: 'usage',
      config: {
        name: 'one',
        kind: 'openmeter',
        url: 'http://nowhere',
        orgs: ['*'],
        startAt: world.startAt,
        batchSize: world.batchSize,
        timeoutMs: 1_000,
        maxPauseMs: 60_000,
      },
    },
    stream: world.stream,
    readMessage: readLedgerEvent,
    open: async () => world.sink(),
    bury: async (letter) => void world.buried.push(letter),
    metrics: {
      delivered: (events) => {
        counts.delivered += events;
      },
      failed: () => {
        counts.failed += 1;
      },
      recovered: () => undefined,
      deadLetter: () => {
        counts.deadLetters += 1;
      },
      lag: (messages) => {
        counts.lag = messages;
      },
    },
    logger,
    pause: async (pauseMs) => {
      world.pauses.push(pauseMs);
      await new Promise((resolve) => setImmediate(resolve));
    },
    random: () => 1,
  });
  const stopping = new AbortController();
  const running = loop.run(stopping.signal);
  stops.push(async () => {
    stopping.abort();
    await running;
  });
};

const untilDelivered = (world: World) =>
  waitFor(() => world.stored?.sequence === world.stream.messages.length, {
    what: 'everything to be delivered',
  });

const records = (count: number): number[] => Array.from({ length: count }, (_none, index) => 2 * index + 1);

describe('a sink that works', () => {
  test('gets every record once and in order, and stands behind the last commit', async () => {
    const world = new World();
    world.stream.appendUnits(10);
    start(world);
    await untilDelivered(world);
    expect(world.given).toEqual(records(10));
    world.stream.appendUnits(300);
    await untilDelivered(world);
    expect(world.given).toEqual(records(310));
    expect(world.counts).toMatchObject({ delivered: 310, failed: 0, deadLetters: 0 });
  });

  test('goes on where it stands', async () => {
    const world = new World();
    world.stream.appendUnits(5);
    world.stored = { epoch: world.stream.epoch, sequence: 4 };
    start(world);
    await untilDelivered(world);
    expect(world.given).toEqual([5, 7, 9]);
  });

  test('that begins with what is new misses nothing that comes after its first look', async () => {
    const world = new World();
    world.startAt = 'new';
    world.stream.appendUnits(5);
    start(world);
    await waitFor(() => world.stored?.sequence === 10, { what: 'the first look' });
    world.stream.appendUnits(1);
    await untilDelivered(world);
    expect(world.given).toEqual([11]);
  });
});

describe('a sink that does not take anything', () => {
  test('is tried again with growing pauses, and gets everything in the end', async () => {
    const world = new World();
    world.stream.appendUnits(3);
    world.judge = () =>
      world.counts.failed < 4 ? { outcome: 'failed', problem: 'answered 503' } : delivered;
    start(world);
    await untilDelivered(world);
    expect(world.pauses.slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000]);
    expect(world.given).toEqual(records(3));
    expect(world.buried).toEqual([]);
  });

  test('is left alone for as long as it asks', async () => {
    const world = new World();
    world.stream.appendUnits(1);
    world.judge = () =>
      world.counts.failed === 0 ? { outcome: 'failed', problem: '429', retryAfterMs: 90_000 } : delivered;
    start(world);
    await untilDelivered(world);
    expect(world.pauses[0]).toBe(90_000);
  });

  test('is not given up when the stream is away either', async () => {
    const world = new World();
    world.stream.appendUnits(1);
    world.stream.away = true;
    start(world);
    await waitFor(() => world.counts.failed > 2, { what: 'some tries' });
    world.stream.away = false;
    await untilDelivered(world);
    expect(world.given).toEqual([1]);
  });
});

test('events that were delivered and not marked come again, none is left out', async () => {
  const world = new World();
  world.stream.appendUnits(6);
  world.judge = (part) => {
    if (part.events.some(({ sequence }) => sequence === 9) && world.counts.failed === 0) {
      world.crashAfter = new Error('connection lost');
    }
    return delivered;
  };
  start(world);
  await untilDelivered(world);
  expect(world.given).toEqual([1, 3, 5, 7, 9, 11, 9, 11]);
});

test('when another replica has delivered, this one goes on from there', async () => {
  const world = new World();
  world.stream.appendUnits(6);
  world.judge = () => {
    if (world.given.length === 0 && world.stored !== undefined) {
      world.stored = { epoch: world.stream.epoch, sequence: 10 };
    }
    return delivered;
  };
  start(world);
  await untilDelivered(world);
  expect(world.given.slice(4)).toEqual([11]);
});

describe('an event that is refused for good', () => {
  const refuse =
    (...refused: number[]) =>
    (part: Part): DeliverOutcome =>
      part.events.some(({ sequence }) => refused.includes(sequence))
        ? { outcome: 'refused', problem: 'answered 400: no such meter' }
        : delivered;

  test('is found, buried with the answer, and takes no other along', async () => {
    const world = new World();
    world.batchSize = 100;
    world.stream.appendUnits(50);
    world.judge = refuse(1, 21, 99);
    start(world);
    await untilDelivered(world);
    expect(world.given).toEqual(records(50).filter((sequence) => ![1, 21, 99].includes(sequence)));
    expect(world.buried.map(({ sequence }) => sequence)).toEqual([1, 21, 99]);
    expect(world.buried[0]).toMatchObject({ sink: 'one', problem: 'answered 400: no such meter' });
    expect(JSON.parse(world.buried[0]?.text ?? '')).toHaveProperty('id');
    expect(world.counts).toMatchObject({ deadLetters: 3, failed: 0 });
  });

  test('that nobody can read is buried without its text', async () => {
    const world = new World();
    world.stream.append(subjects.rated('acme', '_', '_'), { type: 'future' });
    world.stream.appendUnits(1);
    start(world);
    await untilDelivered(world);
    expect(world.buried).toMatchObject([{ sink: 'one', sequence: 1 }]);
    expect(world.given).toEqual([2]);
  });
});

test.each([
  ['a message is missing', (world: World) => world.stream.messages.splice(2, 1)],
  [
    'the stream is another one',
    (world: World) => {
      world.stored = { epoch: 'another', sequence: 1 };
    },
  ],
])('nothing is stepped over in silence: when %s the sink stops and says so', async (_what, damage) => {
  const world = new World();
  world.stream.appendUnits(3);
  damage(world);
  start(world);
  await waitFor(() => world.counts.failed > 3, { what: 'the sink to say so' });
  expect(world.given).toEqual([]);
});
