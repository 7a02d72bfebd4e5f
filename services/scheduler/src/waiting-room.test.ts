import {
  controlKinds,
  decodeEnvelope,
  decodePacket,
  type EnvelopeMeta,
  encodeControl,
  encodeEnvelope,
  type Frame,
  frameKinds,
  type LoadReport,
  readJsonFrame,
  subjects,
} from '@weir/contracts';
import { passThroughTracer } from '@weir/runtime';
import { requestMeta } from '@weir/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { createScheduler } from './scheduler.ts';
import { attemptOf } from './testdata/attempt-of.ts';
import { configOf } from './testdata/config-of.ts';
import { quietMetrics } from './testdata/quiet-metrics.ts';

const start = 1_000_000;
const encoder = new TextEncoder();
const body = encoder.encode('{"model":"small"}');

const config = configOf({
  upstreams: {
    gpu: {
      provider: 'openai-compatible',
      targets: ['http://127.0.0.1:1'],
      queue: { maxRunningPerTarget: 1, maxWaiting: 4, maxTenantShare: 1, timeoutMs: 5_000 },
    },
  },
  routes: [
    { name: 'patient', match: { path: '/patient' }, api: 'openai.chat', queueTimeoutMs: 20_000 },
    { name: 'usual', match: { path: '/usual' }, api: 'openai.chat' },
  ],
});

const meta = requestMeta(start, {
  id: 'request-0',
  replyTo: 'weir.v1.reply.ingress-1.request-0',
  deadline: start + 60_000,
  route: 'usual',
  body: { where: 'inline', bytes: body.byteLength },
  principal: { org: 'acme', team: '_', key: 'first' },
  grant: { holds: [], held: true, expiresAt: start + 60_000, mac: 'x' },
});

interface Sent {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly replyTo: string | undefined;
}

/** Schedulers on one bus with a worker that takes one request at a time. */
const createSite = (names: readonly string[]) => {
  let now = start;
  let sequence = 0;
  const endings: (() => void)[] = [];
  const endTurn = (): void => {
    for (const run of endings.splice(0)) run();
  };
  const dispatched = new Map<string, number>();
  const sent: Sent[] = [];
  const released: string[] = [];
  const finished: (readonly [id: string, accounts: number | undefined])[] = [];
  const extended: (readonly string[])[] = [];
  const site = names.map((self) => ({ self, isUp: true, counted: [] as string[] }));

  const deliver = (from: string, { subject, payload, replyTo }: Sent): void => {
    if (subject.startsWith('weir.v1.gossip.')) {
      for (const one of schedulers) if (one.member.isUp) one.scheduler.onGossip({ subject, data: payload });
      return;
    }
    const keeper = schedulers.find(({ member }) => subject === subjects.queue(member.self));
    if (!keeper) return;
    if (keeper.member.isUp) return keeper.scheduler.onForwarded({ data: payload });
    const sender = schedulers.find(({ member }) => member.self === from);
    sender?.scheduler.onHop({ subject: replyTo ?? '', noResponders: true });
  };

  const schedulers = site.map((member) => {
    const { self, counted } = member;
    const scheduler = createScheduler({
      bus: {
        publish: (subject, payload, replyTo) => {
          const message = { subject, payload, replyTo };
          sent.push(message);
          if (subject === subjects.run('adapter-a')) {
            const decoded = decodeEnvelope(payload);
            if (decoded.outcome === 'malformed') return expect.fail(decoded.problem);
            dispatched.set(self, decoded.envelope.meta.attempt?.dispatch ?? 0);
          }
          deliver(self, message);
        },
      },
      holds: {
        finish: (id, accounts) => finished.push([id, accounts]),
        release: (id) => released.push(id),
        extend: (ids) => extended.push(ids),
      },
      self,
      config: () => config,
      canaryWeightOf: () => 0,
      delays: { add: () => false },
      metrics: quietMetrics({
        countDecision: (outcome) => counted.push(outcome),
        countBadReport: () => expect.fail('a bad report'),
        countBadGossip: () => expect.fail('bad gossip'),
        observeWait: () => counted.push('waited'),
      }),
      tracer: passThroughTracer,
      logger: { error: (...given: unknown[]) => expect.fail(JSON.stringify(given)) } as never,
      now: () => now,
      random: () => 0,
      atEndOfTurn: (run) => endings.push(run),
      onReport: () => undefined,
    });
    return { member, scheduler };
  });

  const at = (place: number) => schedulers[place] ?? expect.fail(`there is no scheduler ${place}`);
  return {
    at,
    sent,
    released,
    finished,
    extended,
    up: () => schedulers.filter(({ member }) => member.isUp),
    wait: (pauseMs: number) => {
      now += pauseMs;
    },
    /** The worker runs so many, of all that it was sent. */
    report: (running: number, state: LoadReport['state'] = 'ready') => {
      sequence += 1;
      const report: LoadReport = {
        v: 1,
        pool: 'gpu',
        instance: 'adapter-a',
        epoch: 1,
        sequence,
        state,
        targets: [{ target: 't0', pendingTokens: 0, running, capacity: 100 }],
        watermarks: Object.fromEntries(dispatched),
      };
      const data = encoder.encode(JSON.stringify(report));
      for (const { member, scheduler } of schedulers) {
        if (member.isUp) scheduler.onLoad({ subject: subjects.load('gpu', 'adapter-a'), data });
      }
      endTurn();
    },
    send: (request: string, change: Partial<EnvelopeMeta> = {}, place = 0) => {
      const own = { id: request, replyTo: subjects.reply('ingress-1', request), receivedAt: now };
      const data = encodeEnvelope({ ...meta, ...own, ...change }, body);
      at(place).scheduler.onRequest({ data });
      // The connection's buffer is used again for what comes next.
      data.fill(0);
      endTurn();
    },
    /** Ids of what the worker was sent, in order; the body is whole. */
    placed: () =>
      sent.flatMap(({ subject, payload }) => {
        if (subject !== subjects.run('adapter-a')) return [];
        const decoded = decodeEnvelope(payload);
        if (decoded.outcome === 'malformed') return expect.fail(decoded.problem);
        expect(decoded.envelope.body).toEqual(body);
        return [decoded.envelope.meta.id];
      }),
    /** What the ingress was told about a request: kinds and contents of frames. */
    told: (request: string) =>
      sent.flatMap(({ subject, payload }): readonly [Frame['kind'], unknown][] => {
        if (subject !== subjects.reply('ingress-1', request)) return [];
        const decoded = decodePacket(payload);
        if (decoded.outcome === 'malformed') return expect.fail(decoded.problem);
        return decoded.packet.frames.map((frame) => [frame.kind, readJsonFrame(frame)]);
      }),
  };
};

const errorIn = (frames: readonly (readonly [Frame['kind'], unknown])[]) =>
  frames.find(([kind]) => kind === frameKinds.error)?.[1];

describe('one scheduler', () => {
  let site: ReturnType<typeof createSite>;
  const tick = () => site.at(0).scheduler.room.tick();
  beforeEach(() => {
    site = createSite(['scheduler-a']);
    site.report(0);
    site.send('first');
  });

  test('keeps what finds the worker busy, tells the ingress so, and sends it when there is room', () => {
    site.send('second');
    expect(site.placed()).toEqual(['first']);
    expect(site.told('second')).toEqual([[frameKinds.queued, { scheduler: 'scheduler-a' }]]);
    site.report(1);
    tick();
    expect(site.placed()).toEqual(['first']);
    site.report(0);
    expect(site.placed()).toEqual(['first', 'second']);
    expect(site.at(0).member.counted).toEqual(['dispatched', 'queued', 'dispatched', 'waited']);
    expect(site.at(0).scheduler.room.waiting()).toEqual({});
  });

  test('lets nobody overtake what waits, even when there is room', () => {
    site.send('second');
    site.send('third');
    site.report(0);
    expect(site.placed()).toEqual(['first', 'second']);
    site.send('urgent', { priority: 0 });
    site.send('fourth');
    for (let round = 0; round < 3; round += 1) site.report(0);
    expect(site.placed()).toEqual(['first', 'second', 'urgent', 'third', 'fourth']);
  });

  test('tells each second what its place is', () => {
    site.send('second');
    site.send('third');
    tick();
    site.wait(1_000);
    tick();
    const positions = (request: string) =>
      site.told(request).map(([, frame]) => (frame as { position?: number }).position);
    expect([positions('second'), positions('third')]).toEqual([
      [undefined, 1, 1],
      [undefined, 2, 2],
    ]);
  });

  test('refuses what has waited for too long within a tick, and gives back what it holds', () => {
    site.send('second');
    site.send('patient', { route: 'patient' });
    site.send('short', { deadline: start + 1_000 });
    site.wait(999);
    site.report(1);
    tick();
    expect(errorIn(site.told('short'))).toBeUndefined();
    site.wait(1);
    tick();
    expect(errorIn(site.told('short'))).toMatchObject({ reason: 'request_deadline' });
    site.wait(4_000);
    tick();
    expect(errorIn(site.told('second'))).toMatchObject({ reason: 'queue_timeout', retryAfterMs: 1_000 });
    expect(errorIn(site.told('patient'))).toBeUndefined();
    site.wait(15_000);
    tick();
    expect(errorIn(site.told('patient'))).toMatchObject({ reason: 'queue_timeout' });
    expect(site.released).toEqual(['short', 'second', 'patient']);
  });

  test('refuses what has used up the time for all its attempts, and says so', () => {
    const attempt = attemptOf({
      number: 2,
      lastFailure: 'busy',
      answerBy: start + 1_000,
      past: { accounts: 1, called: true },
    });
    site.send('second');
    site.send('again', { attempt });
    site.wait(999);
    site.report(1);
    tick();
    expect(errorIn(site.told('again'))).toBeUndefined();
    site.wait(1);
    tick();
    expect(errorIn(site.told('again'))).toMatchObject({ reason: 'first_byte_timeout' });
    expect(errorIn(site.told('second'))).toBeUndefined();
  });

  test('refuses more than may wait, but takes what is more urgent in its place', () => {
    for (const request of ['b', 'c', 'd', 'e']) site.send(request, { priority: 8 });
    site.send('f', { priority: 8 });
    expect(errorIn(site.told('f'))).toMatchObject({ reason: 'queue_full', retryAfterMs: 1_000 });
    site.send('urgent', { priority: 2 });
    expect(errorIn(site.told('e'))).toMatchObject({ reason: 'queue_full' });
    expect(site.released).toEqual(['f', 'e']);
    site.report(0);
    expect(site.placed()).toEqual(['first', 'urgent']);
  });

  test('keeps a request once that is submitted twice, and says again that it waits', () => {
    site.send('second');
    site.send('second', { submission: 1 });
    expect(site.told('second')).toHaveLength(2);
    for (let round = 0; round < 3; round += 1) site.report(0);
    expect(site.placed()).toEqual(['first', 'second']);
  });

  test('forgets what its client does not wait for', () => {
    site.send('second');
    const cancel = encodeControl({ kind: controlKinds.cancel, tag: 0, bytes: 0, frames: 0, about: 'second' });
    const { onControl } = site.at(0).scheduler;
    onControl({ subject: subjects.control('scheduler-a', 0), data: cancel, noResponders: false });
    site.report(0);
    expect(site.placed()).toEqual(['first']);
    expect(site.released).toEqual(['second']);
  });

  test('leaves to the ledger what a request has used that waits for another attempt', () => {
    const attempt = attemptOf({
      lastFailure: 'busy',
      scheduler: 'scheduler-a',
      past: { accounts: 1, called: true },
    });
    site.send('left', { attempt });
    site.send('late', { attempt });
    const cancel = encodeControl({ kind: controlKinds.cancel, tag: 0, bytes: 0, frames: 0, about: 'left' });
    const { onControl } = site.at(0).scheduler;
    onControl({ subject: subjects.control('scheduler-a', 0), data: cancel, noResponders: false });
    site.wait(60_000);
    tick();
    expect(site.released).toEqual([]);
    expect(site.finished).toEqual([
      ['left', 1],
      ['late', 1],
    ]);
  });

  test('forgets what no ingress waits for: two missed beats in a row', () => {
    site.send('second');
    const { onControl } = site.at(0).scheduler;
    const beat = site.sent.find(({ subject }) => subject === subjects.reply('ingress-1', 'second'));
    const miss = () =>
      onControl({ subject: beat?.replyTo ?? '', data: new Uint8Array(0), noResponders: true });
    miss();
    site.wait(3_000);
    miss();
    expect(site.at(0).scheduler.room.waiting()).toEqual({ gpu: 1 });
    site.wait(1_000);
    miss();
    expect(site.at(0).scheduler.room.waiting()).toEqual({});
  });

  test('keeps what waits while the worker is away, and refuses what comes meanwhile', () => {
    site.send('second');
    site.report(1, 'draining');
    tick();
    expect(errorIn(site.told('second'))).toBeUndefined();
    site.report(0);
    expect(site.placed()).toEqual(['first', 'second']);
  });

  test('keeps alive what policy holds', () => {
    site.send('second');
    tick();
    expect(site.extended.at(-1)).toEqual(['second']);
  });

  test('gives everything back when it is stopped, for the ingress to submit again', () => {
    site.send('second');
    site.at(0).scheduler.room.close();
    expect(errorIn(site.told('second'))).toMatchObject({ reason: 'draining', resubmit: true });
    site.send('third');
    expect(errorIn(site.told('third'))).toMatchObject({ resubmit: true });
    expect(site.released).toEqual([]);
  });
});

describe('two schedulers', () => {
  let site: ReturnType<typeof createSite>;
  let owner = 0;
  const other = () => 1 - owner;
  const tickAll = () => {
    for (const { scheduler } of site.up()) scheduler.room.tick();
  };
  beforeEach(() => {
    site = createSite(['scheduler-a', 'scheduler-b']);
    for (const { scheduler } of site.up()) scheduler.beat();
    site.report(0);
    site.send('first');
    site.send('second', {}, 1);
    owner = 'gpu' in site.at(0).scheduler.room.waiting() ? 0 : 1;
  });

  test('keep one queue', () => {
    site.send('third', { priority: 1 }, other());
    site.send('fourth', { priority: 0 }, owner);
    expect(site.at(owner).scheduler.room.waiting()).toEqual({ gpu: 3 });
    expect(site.at(other()).scheduler.room.waiting()).toEqual({});
    for (let round = 0; round < 3; round += 1) site.report(0);
    expect(site.placed()).toEqual(['first', 'fourth', 'third', 'second']);
  });

  test('send what comes later behind what waits at the other, even when there is room', () => {
    // The report reaches the owner later than the other one.
    site.at(owner).member.isUp = false;
    site.report(0);
    site.at(owner).member.isUp = true;
    site.send('third', {}, other());
    expect(site.placed()).toEqual(['first']);
    for (let round = 0; round < 2; round += 1) site.report(0);
    expect(site.placed()).toEqual(['first', 'second', 'third']);
  });

  test('that disagree for a moment do not play ball: what one is handed stays there', () => {
    const fresh = createSite(['scheduler-a', 'scheduler-b']);
    for (const { scheduler } of fresh.up()) scheduler.beat();
    fresh.report(0);
    fresh.send('first');
    const data = encodeEnvelope({ ...meta, id: 'second' }, body);
    fresh.at(other()).scheduler.onForwarded({ data });
    expect(fresh.at(other()).scheduler.room.waiting()).toEqual({ gpu: 1 });
    expect(fresh.at(owner).scheduler.room.waiting()).toEqual({});
  });

  test('hand over what waits when the one that keeps it leaves', () => {
    const { scheduler } = site.at(owner);
    scheduler.leave();
    scheduler.room.close();
    expect(site.at(other()).scheduler.room.waiting()).toEqual({ gpu: 1 });
    site.at(owner).member.isUp = false;
    site.report(0);
    expect(site.placed()).toEqual(['first', 'second']);
  });

  test('do without the one that died: its requests come again, and others find their place at once', () => {
    site.at(owner).member.isUp = false;
    site.send('third', {}, other());
    expect(errorIn(site.told('third'))).toMatchObject({ reason: 'draining', resubmit: true });
    site.send('third', {}, other());
    site.send('second', { submission: 1, receivedAt: start - 10 }, other());
    expect(site.at(other()).scheduler.room.waiting()).toEqual({ gpu: 2 });
    for (let round = 0; round < 2; round += 1) site.report(0);
    expect(site.placed()).toEqual(['first', 'second', 'third']);
  });

  test('give the queue to a third one that it belongs to, without loss or doubles', () => {
    for (const name of ['scheduler-c', 'scheduler-d', 'scheduler-e', 'scheduler-f']) {
      const larger = createSite(['scheduler-a', 'scheduler-b', name]);
      larger.at(2).member.isUp = false;
      for (const at of [0, 1]) larger.at(at).scheduler.beat();
      larger.report(0);
      larger.send('first');
      for (const request of ['second', 'third', 'fourth']) larger.send(request);
      larger.at(2).member.isUp = true;
      larger.report(1);
      larger.at(2).scheduler.beat();
      for (const { scheduler } of larger.up()) scheduler.room.tick();
      const counts = larger.up().map(({ scheduler }) => scheduler.room.waiting()['gpu'] ?? 0);
      expect(counts.toSorted()).toEqual([0, 0, 3]);
      for (let round = 0; round < 3; round += 1) larger.report(0);
      expect(larger.placed()).toEqual(['first', 'second', 'third', 'fourth']);
    }
    tickAll();
  });
});
