import { setTimeout as delay } from 'node:timers/promises';
import { startNats, type TestNats } from '@weir/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BusMessage, SubscribeOptions } from './bus.ts';
import { createLocalExchange, type LocalExchange } from './local-exchange.ts';
import { connectNatsBus, type NatsBus } from './nats-bus.ts';

let nats: TestNats;
let exchange: LocalExchange;
const buses: NatsBus[] = [];

beforeAll(async () => {
  nats = await startNats();
});
beforeEach(() => {
  exchange = createLocalExchange();
});
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close(1_000)));
});
afterAll(() => nats.stop());

/** A connection of another process. */
const connectAfar = async (): Promise<NatsBus> => {
  const onError = (error: unknown) => expect.fail(String(error));
  const bus = await connectNatsBus({ servers: [nats.url], name: 'test', onError, onClosed: () => undefined });
  buses.push(bus);
  return bus;
};

/** One of the service that share the process. */
const connect = async () => {
  const errors: string[] = [];
  const bus = exchange.join(await connectAfar(), (error, where) => errors.push(`${where}: ${error}`));
  return { bus, errors };
};

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const read = ({ data }: Pick<BusMessage, 'data'>): string => new TextDecoder().decode(data);

/** Subscribes, and is sure that the server knows. */
const listen = async (bus: NatsBus, subject: string, options: SubscribeOptions = {}) => {
  const heard: string[] = [];
  const subscription = bus.subscribe(subject, (message) => void heard.push(read(message)), options);
  await bus.flush(1_000);
  return { heard, subscription };
};

/** All that was published before has been to the server and back. */
const settle = async (): Promise<void> => {
  await delay(0);
  for (const bus of buses) if (!bus.connection.isClosed()) await bus.flush(1_000);
};

describe('a message for one that is nearby', () => {
  it('is handed over, in order, not before the publish has returned, and never crosses the bus', async () => {
    const [sender, receiver, afar] = [await connect(), await connect(), await connectAfar()];
    const spy = await listen(afar, 'near.>');
    const { heard } = await listen(receiver.bus, 'near.a.*', { nearby: 'only' });
    for (const word of ['1', '2', '3']) sender.bus.publish('near.a.x', text(word));
    expect(heard).toEqual([]);
    await Promise.resolve();
    expect(heard).toEqual(['1', '2', '3']);
    await settle();
    expect([heard, spy.heard]).toEqual([['1', '2', '3'], []]);
  });

  it('carries its subject and can be answered, nearby and afar', async () => {
    const [asker, answerer, afar] = [await connect(), await connect(), await connectAfar()];
    const messages: BusMessage[] = [];
    answerer.bus.subscribe(
      'near.ask',
      (message) => {
        messages.push(message);
        message.respond(text('yes'));
      },
      { nearby: 'only' },
    );
    const nearby = await listen(asker.bus, 'near.answers', { nearby: 'only' });
    const far = await listen(afar, 'far.answers');
    asker.bus.publish('near.ask', text('?'), 'near.answers');
    asker.bus.publish('near.ask', text('?'), 'far.answers');
    asker.bus.publish('near.ask', text('?'));
    await settle();
    expect(messages).toMatchObject([
      { subject: 'near.ask', reply: 'near.answers', noResponders: false },
      { reply: 'far.answers' },
      { reply: undefined },
    ]);
    expect([nearby.heard, far.heard]).toEqual([['yes'], ['yes']]);
  });

  it('goes over the bus where it comes from another process, and where nobody nearby takes it', async () => {
    const [near, afar] = [await connect(), await connectAfar()];
    const mine = await listen(near.bus, 'near.mine', { nearby: 'only' });
    const theirs = await listen(afar, 'near.theirs.*');
    const plain = await listen(near.bus, 'near.plain');
    afar.publish('near.mine', text('from afar'));
    near.bus.publish('near.theirs.x', text('to them'));
    near.bus.publish('near.plain', text('to myself'));
    await settle();
    expect([mine.heard, theirs.heard, plain.heard]).toEqual([['from afar'], ['to them'], ['to myself']]);
  });

  it('goes to one of a queue, and to another process once that one drains: nothing is lost', async () => {
    const [sender, first, second, afar] = [
      await connect(),
      await connect(),
      await connect(),
      await connectAfar(),
    ];
    const options: SubscribeOptions = { queue: 'q', nearby: 'only' };
    const one = await listen(first.bus, 'near.work', options);
    const two = await listen(second.bus, 'near.work', options);
    const far = await listen(afar, 'near.work', { queue: 'q' });
    const sent = Array.from({ length: 300 }, (_, index) => `${index}`);
    const drained: Promise<void>[] = [];
    for (const [index, word] of sent.entries()) {
      sender.bus.publish('near.work', text(word));
      if (index === 99) drained.push(one.subscription.drain());
      if (index === 199) drained.push(two.subscription.drain());
      if (index % 50 === 0) await delay(0);
    }
    await Promise.all(drained);
    await settle();
    expect([one.heard.slice(0, 100), two.heard.slice(0, 100)]).toEqual([
      sent.slice(0, 100),
      sent.slice(100, 200),
    ]);
    // Until the server knows that they leave, some still come to those that drain.
    const rest = [...one.heard.slice(100), ...two.heard.slice(100), ...far.heard];
    expect(rest.toSorted((left, right) => Number(left) - Number(right))).toEqual(sent.slice(200));
    expect(far.heard.length).toBeGreaterThan(0);
  });

  it('is not handed to one whose connection was closed', async () => {
    const [sender, closing, afar] = [await connect(), await connect(), await connectAfar()];
    const { heard } = await listen(closing.bus, 'near.gone', { nearby: 'only' });
    const far = await listen(afar, 'near.gone');
    await closing.bus.close(1_000);
    sender.bus.publish('near.gone', text('anybody?'));
    await settle();
    expect([heard, far.heard]).toEqual([[], ['anybody?']]);
  });

  it('is refused when it is larger than the bus takes: its receiver may be elsewhere tomorrow', async () => {
    const { bus } = await connect();
    await listen(bus, 'near.large', { nearby: 'only' });
    expect(() => bus.publish('near.large', new Uint8Array(bus.maxPayloadBytes + 1))).toThrow(RangeError);
  });
});

it('says who takes something nearby: not who merely hears it too, and nobody who drains', async () => {
  const { bus } = await connect();
  const { subscription } = await listen(bus, 'near.run.*', { nearby: 'only' });
  await listen(bus, 'near.load.*', { nearby: 'also' });
  await listen(bus, 'near.plain');
  const subjects = ['near.run.a', 'near.run', 'near.load.a', 'near.plain'];
  expect(subjects.filter((subject) => exchange.takes(subject))).toEqual(['near.run.a']);
  await subscription.drain();
  expect(exchange.takes('near.run.a')).toBe(false);
});

it('what everybody gets comes at once, and once more over the bus', async () => {
  const [sender, receiver, afar] = [await connect(), await connect(), await connectAfar()];
  const near = await listen(receiver.bus, 'near.load.*.*', { nearby: 'also' });
  const far = await listen(afar, 'near.load.*.*');
  sender.bus.publish('near.load.a.b', text('news'));
  await Promise.resolve();
  expect(near.heard).toEqual(['news']);
  await settle();
  expect([near.heard, far.heard]).toEqual([['news', 'news'], ['news']]);
});

it('a wildcard stands for one part, and only at the end', async () => {
  const { bus } = await connect();
  const one = await listen(bus, 'near.w.*', { nearby: 'only' });
  const two = await listen(bus, 'near.w.*.*', { nearby: 'only' });
  const none = await listen(bus, 'near.w', { nearby: 'only' });
  for (const subject of ['near.w', 'near.w.a', 'near.w.a.b', 'near.w.a.b.c', 'near.wx']) {
    bus.publish(subject, text(subject));
  }
  await settle();
  expect([none.heard, one.heard, two.heard]).toEqual([['near.w'], ['near.w.a'], ['near.w.a.b']]);
  for (const pattern of ['near.*.x', 'near.>', 'near.*.*.*']) {
    expect(() => bus.subscribe(pattern, () => undefined, { nearby: 'only' })).toThrow(pattern);
  }
});

it('what a handler throws or rejects with is reported to its own service, and the others go on', async () => {
  const [sender, faulty, sound] = [await connect(), await connect(), await connect()];
  faulty.bus.subscribe(
    'near.bad',
    (message) => {
      if (read(message) === 'reject') return Promise.reject(new Error('rejected'));
      throw new Error('thrown');
    },
    { nearby: 'only' },
  );
  const { heard } = await listen(sound.bus, 'near.good', { nearby: 'only' });
  sender.bus.publish('near.bad', text('throw'));
  sender.bus.publish('near.bad', text('reject'));
  sender.bus.publish('near.good', text('well'));
  await settle();
  expect(faulty.errors).toEqual([
    'handler of near.bad: Error: thrown',
    'handler of near.bad: Error: rejected',
  ]);
  expect([heard, sender.errors, sound.errors]).toEqual([['well'], [], []]);
});

it('two that answer each other for ever do not stop the process', async () => {
  const [one, other] = [await connect(), await connect()];
  let turns = 0;
  let isOver = false;
  const hit = (bus: NatsBus, subject: string) => (): void => {
    turns += 1;
    if (!isOver) bus.publish(subject, text('your turn'));
  };
  one.bus.subscribe('near.ping', hit(one.bus, 'near.pong'), { nearby: 'only' });
  other.bus.subscribe('near.pong', hit(other.bus, 'near.ping'), { nearby: 'only' });
  one.bus.publish('near.ping', text('your turn'));
  await delay(20);
  isOver = true;
  expect(turns).toBeGreaterThan(1_000);
});
