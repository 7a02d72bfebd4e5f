import { frameKinds, jsonFrame, type Packet, partsOfHop, subjects, type WireError } from '@weir/contracts';
import type { BusMessage } from '@weir/messaging';
import { describe, expect, it } from 'vitest';
import { defaultTiming } from './core/request-timing.ts';
import { createResubmitBudget } from './core/resubmit-budget.ts';
import type { Exchange } from './http/exchange.ts';
import { createRelay } from './relay.ts';

const request = '01a1fa65-30c8-7713-a538-6e739fe3904b';
const instance = 'ingress-1';

interface Site {
  readonly published: string[];
  /** Ids of the requests that were submitted, in that order. */
  readonly submitted: string[];
  readonly cancelled: string[];
  readonly told: string[];
  readonly bugs: unknown[];
  now: number;
  /** True: more of it is waited for. */
  packet: (packet: Packet, id?: string) => boolean | undefined;
  breakPublish: boolean;
}

const toMessage = (subject: string): BusMessage => ({
  subject,
  data: new Uint8Array(0),
  reply: undefined,
  noResponders: true,
  respond: () => undefined,
});

const startOne = (ended: () => void = () => undefined) => {
  const packets = new Map<string, (packet: Packet) => boolean>();
  const site: Site = {
    published: [],
    submitted: [],
    cancelled: [],
    told: [],
    bugs: [],
    now: 1_000,
    packet: (packet, id = request) => packets.get(id)?.(packet),
    breakPublish: false,
  };
  const note =
    (name: string) =>
    (...rest: unknown[]): void => {
      site.told.push([name, ...rest.filter((one) => typeof one === 'string')].join(' '));
    };
  const relay = createRelay({
    instance,
    bus: {
      connected: true,
      maxPayloadBytes: 1_000_000,
      publish: (subject, _data, hop = '') => {
        if (site.breakPublish) throw new RangeError('too large');
        site.published.push(subject);
        site.submitted.push(partsOfHop(hop).request);
      },
      subscribe: () => ({ drain: async () => undefined, close: () => undefined }),
      request: async () => ({ outcome: 'timed_out' }),
      flush: async () => undefined,
      onStatus: () => undefined,
      close: async () => undefined,
    },
    holds: { release: (id) => site.told.push(`release ${id}`) },
    inbox: {
      size: 0,
      open: (id, onPacket) => {
        packets.set(id, onPacket);
      },
      close: note('inbox closed'),
      grant: note('grant'),
      cancel: (adapter) => site.cancelled.push(adapter),
      keepAlive: note('keep-alive'),
      drain: async () => undefined,
    },
    bodies: { size: 0, offer: note('offer'), withdraw: note('withdraw'), drain: async () => undefined },
    timing: defaultTiming,
    budget: createResubmitBudget(),
    now: () => site.now,
    onResubmit: note('resubmit'),
    later: (work) => work(),
    onBug: (error) => site.bugs.push(error),
  });
  const begin = (id = request) => {
    const exchange = {
      meta: { id, deadline: 100_000, body: { where: 'inline', bytes: 2 } },
      response: { destroy: note('destroyed') },
      head: note('head'),
      fail: ({ reason }: WireError) => site.told.push(`fail ${reason}`),
      heartbeat: () => undefined,
      flush: () => undefined,
    } as unknown as Exchange;
    relay.start(exchange, Buffer.from('{}'), ended);
  };
  return { site, relay, begin };
};

const accepted = (adapter: string): Packet => ({
  tag: 7,
  frames: [jsonFrame(frameKinds.accepted, 0, { instance: adapter, attempt: 1, upstream: 'a', target: 't0' })],
});

const missedBeat = (adapter: string) => toMessage(subjects.hop(instance, adapter, instance, 'keep-alive'));

describe('the relay', () => {
  it('submits a request with a hop subject that names policy as the next', () => {
    const { site, begin } = startOne();
    begin();
    expect(site.published).toEqual([subjects.admit]);
  });

  it('takes one missed beat for a reconnect, and two in a row for the death of the adapter', () => {
    const { site, relay, begin } = startOne();
    begin();
    site.packet(accepted('adapter-1'));
    relay.onHop(missedBeat('adapter-1'));
    expect(site.published).toHaveLength(1);
    site.now += 1_000;
    relay.onHop(missedBeat('adapter-1'));
    expect(site.published).toHaveLength(2);
  });

  it('forgets a missed beat when the next ones were heard', () => {
    const { site, relay, begin } = startOne();
    begin();
    site.packet(accepted('adapter-1'));
    relay.onHop(missedBeat('adapter-1'));
    site.now += 5_000;
    relay.onHop(missedBeat('adapter-1'));
    expect(site.published).toHaveLength(1);
  });

  it('says nothing of missed beats right after a reconnect, when adapters may still be away', () => {
    const { site, relay, begin } = startOne();
    begin();
    site.packet(accepted('adapter-1'));
    relay.reconnected();
    relay.onHop(missedBeat('adapter-1'));
    site.now += 1_000;
    relay.onHop(missedBeat('adapter-1'));
    expect(site.published).toHaveLength(1);
  });

  it('keeps the adapters at work alive, each once', () => {
    const { site, relay, begin } = startOne();
    begin();
    site.packet(accepted('adapter-1'));
    relay.keepAlive();
    expect(site.told).toEqual(['keep-alive adapter-1']);
  });

  it('cancels what runs when the client is gone, and forgets the request', () => {
    let ends = 0;
    const { site, relay, begin } = startOne(() => {
      ends += 1;
    });
    begin();
    site.packet(accepted('adapter-1'));
    relay.clientGone(request);
    relay.clientGone(request);
    expect(site.cancelled).toEqual(['adapter-1']);
    expect([relay.size, ends]).toEqual([0, 1]);
  });

  it('wants no more of a run that cannot answer, also where nobody knows whose it is', () => {
    const { site, begin } = startOne();
    begin();
    const head = jsonFrame(frameKinds.head, 1, { status: 200, headers: [] });
    const queued = jsonFrame(frameKinds.queued, 0, {});
    expect(site.packet({ tag: 8, frames: [{ ...head, sequence: 2 }] })).toBe(false);
    expect(site.packet(accepted('adapter-1'))).toBe(true);
    expect(site.packet({ tag: 7, frames: [head] })).toBe(true);
    expect(site.packet({ tag: 9, frames: [head] })).toBe(false);
    expect(site.packet({ tag: 0, frames: [queued] })).toBe(true);
  });

  it('ends the one request that a bug meets, and says so', () => {
    let ends = 0;
    const { site, relay, begin } = startOne(() => {
      ends += 1;
    });
    site.breakPublish = true;
    begin();
    expect(site.bugs).toHaveLength(1);
    expect(site.told).toContain('destroyed');
    expect([relay.size, ends]).toEqual([0, 1]);
  });
});

describe('500 requests at once', () => {
  const tickMs = 100;

  /** A mesh that takes some of what was submitted at each tick, in order, and says so once for each request. */
  const play = ({ perTick, untilMs }: { perTick: (atMs: number) => number; untilMs: number }) => {
    const { site, relay, begin } = startOne();
    const startedAt = site.now;
    for (let index = 0; index < 500; index += 1) begin(`request-${index}`);
    const heard = new Set<string>();
    let taken = 0;
    const lose = () => {
      taken = site.submitted.length;
    };
    const take = (count: number) => {
      for (const id of site.submitted.slice(taken, taken + count)) {
        taken += 1;
        if (!heard.has(id)) site.packet(accepted('adapter-1'), id);
        heard.add(id);
      }
    };
    const run = (toMs: number) => {
      for (; site.now - startedAt < toMs; site.now += tickMs) {
        relay.tick();
        take(perTick(site.now - startedAt));
      }
    };
    run(untilMs);
    return { site, relay, heard, lose, run };
  };
  const failuresIn = ({ told }: Site) => told.filter((one) => one.startsWith('fail'));

  it('are not refused by a mesh that takes five seconds for them, nor submitted again', () => {
    const { site, heard } = play({ perTick: () => 10, untilMs: 6_000 });
    expect(failuresIn(site)).toEqual([]);
    expect(heard.size).toBe(500);
    expect(site.submitted).toHaveLength(500);
  });

  it('are not refused when the mesh begins late, and submitted again for a share of them only', () => {
    const { site, heard } = play({ perTick: (atMs) => (atMs < 4_000 ? 0 : 20), untilMs: 9_500 });
    expect(failuresIn(site)).toEqual([]);
    expect(heard.size).toBe(500);
    expect(site.submitted.length).toBeLessThanOrEqual(500 + 200 + 50);
  });

  it('are answered when the last hundred are lost with the service that had them', () => {
    const { site, heard, lose, run } = play({ perTick: () => 20, untilMs: 2_000 });
    expect(heard.size).toBe(400);
    lose();
    run(6_000);
    expect(failuresIn(site)).toEqual([]);
    expect(heard.size).toBe(500);
    expect(site.submitted).toHaveLength(600);
  });

  it('are all told within ten seconds when nobody ever answers', () => {
    const { site, relay } = play({ perTick: () => 0, untilMs: 10_300 });
    expect(failuresIn(site)).toEqual(Array.from({ length: 500 }, () => 'fail bus_unavailable'));
    expect(relay.size).toBe(0);
  });

  it('are not taken for lost by an ingress that had no turn itself', () => {
    const { site, relay } = play({ perTick: () => 0, untilMs: 100 });
    site.now += 3_000;
    relay.tick();
    expect(site.submitted).toHaveLength(500);
  });
});
