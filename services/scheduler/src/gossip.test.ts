import type { ReservationGossip } from '@weir/contracts';
import { beforeEach, describe, expect, test } from 'vitest';
import { createPeers } from './core/peers.ts';
import { createPoolView } from './core/pool-view.ts';
import { createGossipWriter } from './gossip-writer.ts';
import { createGossip } from './handlers/gossip.ts';

const start = 1_000_000;
const encoder = new TextEncoder();
const sent = { pool: 'gpu', instance: 'adapter-0', target: 't0', tokens: 10 };

/** Schedulers on one bus, where each hears all of them, itself included. Turns end when they are told to. */
const createSite = (names: readonly string[]) => {
  const published: { subject: string; gossip: ReservationGossip }[] = [];
  const bad: string[] = [];
  const handlers: ((message: { subject: string; data: Uint8Array }) => void)[] = [];
  const endings: (() => void)[] = [];
  let now = start;
  const deliver = (subject: string, data: Uint8Array): void => {
    for (const handler of handlers) handler({ subject, data });
  };
  const schedulers = names.map((self) => {
    const pools = createPoolView(self);
    const peers = createPeers(self);
    const waiting: Record<string, number> = {};
    const metrics = { countBadGossip: () => bad.push(self), countGossip: () => undefined };
    const writer = createGossipWriter({
      self,
      peers,
      waiting: () => waiting,
      metrics,
      now: () => now,
      atEndOfTurn: (run) => endings.push(run),
      bus: {
        publish: (subject, payload) => {
          published.push({ subject, gossip: JSON.parse(new TextDecoder().decode(payload)) });
          deliver(subject, payload);
        },
      },
    });
    handlers.push(createGossip({ self, pools, peers, onNewPeer: writer.beat, metrics, now: () => now }));
    return { pools, peers, waiting, writer };
  });
  return {
    schedulers,
    published,
    /** What was told of reservations, but for signs of life. */
    told: () => published.filter(({ gossip }) => gossip.reservations.length > 0),
    now: () => now,
    bad,
    deliver,
    endTurn: () => {
      for (const run of endings.splice(0)) run();
    },
    wait: (pauseMs: number) => {
      now += pauseMs;
    },
  };
};

describe('a scheduler', () => {
  let site: ReturnType<typeof createSite>;
  const writer = () => site.schedulers[0]?.writer ?? expect.fail('there is none');
  beforeEach(() => {
    site = createSite(['scheduler-a', 'scheduler-b']);
  });

  test('without peers says that it is there, and nothing else', () => {
    const alone = createSite(['scheduler-a']);
    alone.schedulers[0]?.writer.beat();
    alone.schedulers[0]?.writer.add({ ...sent, dispatch: 1 });
    alone.endTurn();
    expect(alone.published).toEqual([
      { subject: 'weir.v1.gossip.scheduler-a', gossip: { v: 1, scheduler: 'scheduler-a', reservations: [] } },
    ]);
  });

  test('tells its peers in one message what it sent within a turn', () => {
    site.schedulers[1]?.writer.beat();
    for (const dispatch of [1, 2, 3]) writer().add({ ...sent, dispatch });
    site.endTurn();
    site.endTurn();
    expect(site.told()).toEqual([
      {
        subject: 'weir.v1.gossip.scheduler-a',
        gossip: {
          v: 1,
          scheduler: 'scheduler-a',
          reservations: [1, 2, 3].map((dispatch) => ({ ...sent, dispatch })),
        },
      },
    ]);
  });

  test('splits what would be a large message, and loses none of it', () => {
    site.schedulers[1]?.writer.beat();
    for (let dispatch = 1; dispatch <= 300; dispatch += 1) writer().add({ ...sent, dispatch });
    site.endTurn();
    const messages = site.told().map(({ gossip }) => gossip.reservations);
    expect(messages.map(({ length }) => length)).toEqual([256, 44]);
    expect(messages.flat().map(({ dispatch }) => dispatch)).toEqual(
      Array.from({ length: 300 }, (_, at) => at + 1),
    );
  });

  test('keeps to itself again when its peers are gone', () => {
    site.schedulers[1]?.writer.beat();
    site.wait(3_501);
    writer().add({ ...sent, dispatch: 1 });
    site.endTurn();
    expect(site.told()).toEqual([]);
  });

  test('is heard by a new one at once, not with its next beat', () => {
    writer().beat();
    const [one, other] = site.schedulers;
    expect(one?.peers.isAlone(site.now())).toBe(false);
    expect(other?.peers.isAlone(site.now())).toBe(false);
  });

  test('says what waits at it, and when it leaves', () => {
    const [one, other] = site.schedulers;
    if (one) one.waiting['gpu'] = 3;
    writer().beat();
    expect(other?.peers.holderOf('gpu', site.now())).toBe('scheduler-a');
    expect(other?.peers.holderOf('else', site.now())).toBeUndefined();
    writer().leave();
    expect(other?.peers.holderOf('gpu', site.now())).toBeUndefined();
    expect(other?.peers.isAlone(site.now())).toBe(true);
  });

  test('that leaves goes on telling what it sends, and is taken back by nobody for it', () => {
    const [one, other] = site.schedulers;
    other?.writer.beat();
    writer().leave();
    if (one) one.waiting['gpu'] = 1;
    writer().add({ ...sent, dispatch: 1 });
    site.endTurn();
    writer().beat();
    expect(site.told()).toHaveLength(1);
    expect(other?.peers.isAlone(site.now())).toBe(true);
    expect(other?.peers.holderOf('gpu', site.now())).toBeUndefined();
  });

  test.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['another version', JSON.stringify({ v: 2, scheduler: 'scheduler-c', reservations: [] })],
    [
      'another name than that of its subject',
      JSON.stringify({ v: 1, scheduler: 'scheduler-d', reservations: [] }),
    ],
    ['no reservations', JSON.stringify({ v: 1, scheduler: 'scheduler-c' })],
    [
      'tokens below zero',
      JSON.stringify({
        v: 1,
        scheduler: 'scheduler-c',
        reservations: [{ ...sent, dispatch: 1, tokens: -1 }],
      }),
    ],
    [
      'waiting requests that are no number',
      JSON.stringify({ v: 1, scheduler: 'scheduler-c', reservations: [], waiting: { gpu: 'some' } }),
    ],
    ['no dispatch', JSON.stringify({ v: 1, scheduler: 'scheduler-c', reservations: [sent] })],
  ])('counts a message with %s, and goes on', (_what, text) => {
    site.deliver('weir.v1.gossip.scheduler-c', encoder.encode(text));
    expect(site.bad).toEqual(['scheduler-a', 'scheduler-b']);
    writer().add({ ...sent, dispatch: 1 });
    site.endTurn();
    expect(site.published).toEqual([]);
  });
});
