import { startNats, type TestNats, waitFor } from '@weir/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BusMessage, BusStatus } from './bus.ts';
import { connectNatsBus, type NatsBus } from './nats-bus.ts';

let nats: TestNats;
const buses: NatsBus[] = [];

beforeAll(async () => {
  nats = await startNats();
});
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close(1_000)));
});
afterAll(() => nats.stop());

const connect = async () => {
  const errors: { error: unknown; where: string }[] = [];
  const closed: unknown[] = [];
  const bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: (error, where) => errors.push({ error, where }),
    onClosed: (error) => closed.push(error),
  });
  buses.push(bus);
  return { bus, errors, closed };
};

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const read = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Subscribes, and is sure that the server knows. */
const listen = async (
  bus: NatsBus,
  subject: string,
  handler: (message: BusMessage) => void | Promise<void> = () => undefined,
  options?: { queue?: string },
): Promise<string[]> => {
  const heard: string[] = [];
  bus.subscribe(
    subject,
    (message) => {
      heard.push(read(message.data));
      return handler(message);
    },
    options,
  );
  await bus.flush(1_000);
  return heard;
};

describe('publish and subscribe', () => {
  it('what one publishes the other hears, in order', async () => {
    const [sender, receiver] = [await connect(), await connect()];
    const heard = await listen(receiver.bus, 'order.*');
    const sent = Array.from({ length: 500 }, (_value, index) => `${index}`);
    for (const [index, payload] of sent.entries()) {
      sender.bus.publish('order.x', text(payload));
      // Some leave with a round trip of their own, some with the turn of the event loop.
      if (index % 100 === 0) await sender.bus.flush(1_000);
    }
    await waitFor(() => heard.length === sent.length, { what: 'every message' });
    expect(heard).toEqual(sent);
  });

  it('of a queue group exactly one member hears each message', async () => {
    const [sender, one, two] = [await connect(), await connect(), await connect()];
    const heardByOne = await listen(one.bus, 'jobs', undefined, { queue: 'workers' });
    const heardByTwo = await listen(two.bus, 'jobs', undefined, { queue: 'workers' });
    for (let count = 0; count < 50; count += 1) sender.bus.publish('jobs', text(`${count}`));
    await waitFor(() => heardByOne.length + heardByTwo.length >= 50, { what: 'every message' });
    expect(new Set([...heardByOne, ...heardByTwo]).size).toBe(50);
  });

  it('a subscription that is drained or closed hears nothing more', async () => {
    const { bus } = await connect();
    const heard: string[] = [];
    const drained = bus.subscribe('quiet', () => void heard.push('drained'));
    const closed = bus.subscribe('quiet', () => void heard.push('closed'));
    await drained.drain();
    await drained.drain();
    closed.close();
    const others = await listen(bus, 'quiet');
    bus.publish('quiet', text('x'));
    await waitFor(() => others.length === 1, { what: 'the message' });
    expect(heard).toEqual([]);
  });

  it('a payload larger than the server takes is refused to the caller, and the connection lives', async () => {
    const { bus } = await connect();
    expect(() => bus.publish('big', new Uint8Array(bus.maxPayloadBytes + 1))).toThrow(RangeError);
    const heard = await listen(bus, 'big');
    bus.publish('big', text('small'));
    await waitFor(() => heard.length === 1, { what: 'the message' });
  });
});

describe('a handler', () => {
  it.each<[string, (message: BusMessage) => void | Promise<void>]>([
    [
      'throws',
      () => {
        throw new Error('a bug');
      },
    ],
    ['rejects', () => Promise.reject(new Error('a bug'))],
  ])('that %s is reported, and the bus goes on hearing', async (_how, handler) => {
    const { bus, errors } = await connect();
    const heard = await listen(bus, 'faulty', handler);
    const others = await listen(bus, 'fine');
    for (const subject of ['faulty', 'fine', 'faulty', 'fine']) bus.publish(subject, text(subject));
    await waitFor(() => heard.length === 2 && others.length === 2 && errors.length === 2, {
      what: 'messages and errors',
    });
    expect(errors.map(({ where }) => where)).toEqual(['handler of faulty', 'handler of faulty']);
  });
});

describe('a publish with a reply subject', () => {
  it('that nobody listens to is told so there', async () => {
    const { bus } = await connect();
    const answers: { subject: string; noResponders: boolean }[] = [];
    await listen(bus, 'hop.*', ({ subject, noResponders }) => {
      answers.push({ subject, noResponders });
    });
    bus.publish('nobody.home', text('x'), 'hop.7');
    await waitFor(() => answers.length === 1, { what: 'the answer' });
    expect(answers).toEqual([{ subject: 'hop.7', noResponders: true }]);
  });

  it('that somebody answers is no such thing, however empty the answer', async () => {
    const { bus } = await connect();
    const answers: boolean[] = [];
    await listen(bus, 'hop.*', ({ noResponders }) => {
      answers.push(noResponders);
    });
    await listen(bus, 'somebody', (message) => message.respond(new Uint8Array(0)));
    bus.publish('somebody', text('x'), 'hop.8');
    await waitFor(() => answers.length === 1, { what: 'the answer' });
    expect(answers).toEqual([false]);
  });

  it('is needed for an answer: without one respond goes nowhere', async () => {
    const { bus } = await connect();
    const message = await new Promise<BusMessage>((resolve) => {
      listen(bus, 'plain', resolve).then(() => bus.publish('plain', text('x')), expect.fail);
    });
    expect(message.reply === undefined || message.reply === '').toBe(true);
    message.respond(text('to nobody'));
  });
});

describe('a request', () => {
  it('is answered', async () => {
    const [client, server] = [await connect(), await connect()];
    await listen(server.bus, 'echo', (message) => message.respond(message.data));
    const outcome = await client.bus.request('echo', text('hello'), 1_000);
    expect(outcome.outcome === 'answered' && read(outcome.data)).toBe('hello');
  });

  it('that nobody listens to fails at once', async () => {
    const { bus } = await connect();
    expect(await bus.request('nobody.home', text('x'), 60_000)).toEqual({ outcome: 'no_responders' });
  });

  it('that nobody answers times out', async () => {
    const { bus } = await connect();
    await listen(bus, 'mute');
    expect(await bus.request('mute', text('x'), 50)).toEqual({ outcome: 'timed_out' });
  });

  it('on a connection that is closed fails, and does not throw', async () => {
    const { bus } = await connect();
    await bus.close(1_000);
    expect(await bus.request('echo', text('x'), 50)).toMatchObject({ outcome: 'failed' });
  });

  it('does not overtake what was published before it', async () => {
    const [client, server] = [await connect(), await connect()];
    const heard = await listen(server.bus, 'log.*', (message) => message.respond(message.data));
    client.bus.publish('log.a', text('first'));
    await client.bus.request('log.b', text('second'), 1_000);
    expect(heard).toEqual(['first', 'second']);
  });
});

describe('close', () => {
  it('sends what was published before, and is not taken for a loss', async () => {
    const [leaving, staying] = [await connect(), await connect()];
    const heard = await listen(staying.bus, 'farewell');
    leaving.bus.publish('farewell', text('bye'));
    await leaving.bus.close(1_000);
    await leaving.bus.close(1_000);
    await waitFor(() => heard.length === 1, { what: 'the message' });
    expect([leaving.bus.connected, leaving.closed]).toEqual([false, []]);
  });
});

describe('while the server is away', () => {
  it('nothing throws, flush and request end in time, and everything is there again afterwards', async () => {
    const { bus, closed, errors } = await connect();
    const statuses: BusStatus[] = [];
    bus.onStatus(() => {
      throw new Error('a bug in a listener');
    });
    bus.onStatus((status) => statuses.push(status));
    const heard = await listen(bus, 'after');

    await nats.kill();
    await waitFor(() => !bus.connected, { what: 'the loss' });
    bus.publish('after', text('lost, and nobody says so'));
    await expect(bus.flush(50)).rejects.toThrow();
    expect((await bus.request('after', text('lost too'), 50)).outcome).not.toBe('answered');

    await nats.restart();
    await waitFor(() => bus.connected, { what: 'the reconnect' });
    expect(statuses).toEqual(['disconnected', 'connected']);
    expect(errors.filter(({ where }) => where === 'bus status listener')).toHaveLength(2);
    await waitFor(
      async () => {
        bus.publish('after', text('found'));
        await bus.flush(1_000);
        return heard.includes('found');
      },
      { what: 'a message after the reconnect' },
    );
    expect(closed).toEqual([]);
  });
});
