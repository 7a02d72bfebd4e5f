import {
  decodeEnvelope,
  decodePacket,
  type EnvelopeMeta,
  encodeEnvelope,
  type LoadReport,
  readJsonFrame,
} from '@weir/contracts';
import { passThroughTracer } from '@weir/runtime';
import { requestMeta } from '@weir/testing';
import { expect, test } from 'vitest';
import { createScheduler, type SchedulerDependencies } from '../scheduler.ts';
import { attemptOf } from '../testdata/attempt-of.ts';
import { configOf } from '../testdata/config-of.ts';
import { quietMetrics } from '../testdata/quiet-metrics.ts';

const now = 1_000_000;
const body = new TextEncoder().encode('{"model":"small"}');

const config = configOf({
  upstreams: { gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] } },
});

const meta = requestMeta(now, {
  features: { inputTokens: 12, chars: 40, messages: 1, tools: 0 },
  body: { where: 'inline', bytes: body.byteLength },
});

const report: LoadReport = {
  v: 1,
  pool: 'gpu',
  instance: 'adapter-a',
  epoch: 1,
  sequence: 1,
  state: 'ready',
  targets: [{ target: 't0', pendingTokens: 0, running: 0, capacity: 10 }],
  watermarks: {},
};
const loadSubject = 'weir.v1.load.gpu.adapter-a';

const createRecorded = (given: Partial<SchedulerDependencies> = {}) => {
  const published: { subject: string; payload: Uint8Array; replyTo: string | undefined }[] = [];
  const counted: string[] = [];
  const released: string[] = [];
  const finished: (readonly [id: string, accounts: number | undefined])[] = [];
  const waiting: { delayMs: number; run: () => void }[] = [];
  const scheduler = createScheduler({
    bus: {
      publish: (subject, payload, replyTo) => {
        // What it says of itself is not what these tests are about.
        if (!subject.startsWith('weir.v1.gossip.')) published.push({ subject, payload, replyTo });
      },
    },
    holds: {
      finish: (id, accounts) => finished.push([id, accounts]),
      release: (id) => released.push(id),
      extend: () => undefined,
    },
    self: 'scheduler-1',
    config: () => config,
    canaryWeightOf: () => 0,
    delays: {
      add: (delayMs, run) => {
        waiting.push({ delayMs, run });
        return true;
      },
    },
    metrics: quietMetrics({
      countDecision: (outcome) => counted.push(outcome),
      countRetry: (reason) => counted.push(`retry ${reason}`),
      countFallback: (_route, { reason }) => counted.push(`fallback ${reason}`),
      countBadReport: () => counted.push('bad report'),
      countBadGossip: () => counted.push('bad gossip'),
    }),
    tracer: passThroughTracer,
    logger: { error: () => undefined } as never,
    now: () => now,
    random: () => 0,
    atEndOfTurn: () => undefined,
    onReport: () => counted.push('report'),
    ...given,
  });
  const load = (value: unknown, subject = loadSubject) =>
    scheduler.onLoad({
      subject,
      data: new TextEncoder().encode(JSON.stringify(value)),
    });
  const send = (changed: Partial<EnvelopeMeta> = {}) => {
    const data = encodeEnvelope({ ...meta, ...changed }, body);
    scheduler.onRequest({ data });
    // The connection's buffer is used again for what comes next.
    data.fill(0);
  };
  const { pools, onRequest: schedule, onHop: onNotice } = scheduler;
  return { schedule, send, load, onNotice, pools, published, counted, waiting, released, finished };
};

const sentAttempt = (payload: Uint8Array | undefined) => {
  const decoded = decodeEnvelope(payload ?? new Uint8Array());
  if (decoded.outcome === 'malformed') throw new Error(decoded.problem);
  expect(decoded.envelope.body).toEqual(body);
  return decoded.envelope.meta.attempt;
};

const errorOf = (payload: Uint8Array | undefined) => {
  const decoded = decodePacket(payload ?? new Uint8Array());
  if (decoded.outcome === 'malformed') throw new Error(decoded.problem);
  expect(decoded.packet.tag).toBe(0);
  const [frame] = decoded.packet.frames;
  return frame && readJsonFrame(frame);
};

test('a request goes to an adapter that has reported, and counts as its load', () => {
  const { send, load, pools, published, counted } = createRecorded();
  load(report);
  send();
  expect(published).toMatchObject([
    { subject: 'weir.v1.run.adapter-a', replyTo: 'weir.v1.hop.scheduler-1.adapter-a.ingress-1.request-1' },
  ]);
  expect(sentAttempt(published[0]?.payload)).toEqual({
    number: 1,
    upstream: 'gpu',
    target: 't0',
    model: 'small',
    remaining: 2,
    alternatives: 0,
    excluded: [],
    scheduler: 'scheduler-1',
    dispatch: 1,
    reservedTokens: 12,
  });
  expect(pools.view('gpu', now)).toMatchObject([{ pendingTokens: 12, running: 1 }]);
  expect(counted).toEqual(['report', 'dispatched']);
});

test('without an adapter the ingress is told at once', () => {
  const { send, published, counted } = createRecorded();
  send();
  expect(published).toMatchObject([{ subject: meta.replyTo }]);
  expect(errorOf(published[0]?.payload)).toMatchObject({ reason: 'no_target', resubmit: true });
  expect(counted).toEqual(['no_target']);
});

const failed = attemptOf({
  remaining: 2,
  excluded: ['gpu/t0'],
  lastFailure: 'upstream_reset',
  scheduler: 'scheduler-9',
  dispatch: 4,
  reservedTokens: 12,
});

test('an attempt that came back waits, with a body of its own, and goes out with the next number', () => {
  const { send, load, published, counted, waiting } = createRecorded();
  load(report);
  send({ attempt: failed });
  expect(published).toEqual([]);
  expect(waiting).toMatchObject([{ delayMs: 25 }]);
  waiting[0]?.run();
  expect(sentAttempt(published[0]?.payload)).toMatchObject({
    number: 2,
    remaining: 1,
    excluded: ['gpu/t0'],
    lastFailure: 'upstream_reset',
    scheduler: 'scheduler-1',
  });
  expect(counted).toEqual(['report', 'delayed', 'dispatched', 'retry upstream_reset']);
});

test('a pause that a provider asks for keeps what policy holds, however long it is', () => {
  const extended: string[] = [];
  const { send, load, waiting } = createRecorded({
    holds: { release: () => undefined, finish: () => undefined, extend: (ids) => extended.push(...ids) },
  });
  load(report);
  const paused = { ...failed, failure: { status: 429, retryAfterMs: 45_000 }, excluded: ['gpu/t0'] };
  send({ ...held, deadline: now + 120_000, attempt: paused });
  for (let seconds = 0; seconds < 44; seconds += 1) waiting[seconds]?.run();
  expect(extended).toEqual(Array(4).fill('request-1'));
  send({ deadline: now + 120_000, attempt: paused });
  expect(extended).toHaveLength(4);
});

test('an attempt that was turned away is counted once, wherever it goes then', () => {
  const { send, load, counted, waiting } = createRecorded();
  load(report);
  send({ attempt: { ...failed, number: 2, lastFailure: 'busy' } });
  waiting[0]?.run();
  expect(counted).toEqual(['report', 'queued', 'dispatched']);
});

test('a fallback is counted when the request goes there, also under the number of an attempt that was turned away', () => {
  const target = (port: number) => ({ provider: 'openai-compatible', targets: [`http://127.0.0.1:${port}`] });
  const withSpare = configOf({
    upstreams: { gpu: target(1), spare: target(2) },
    routes: [
      {
        name: meta.route,
        match: { path: meta.path },
        upstreams: ['gpu'],
        fallback: { upstreams: ['spare'], triggers: { onSaturated: true } },
      },
    ],
  });
  const { send, load, published, counted, waiting } = createRecorded({ config: () => withSpare });
  load(report);
  load({ ...report, pool: 'spare', instance: 'adapter-b' }, 'weir.v1.load.spare.adapter-b');
  counted.length = 0;
  send({ attempt: { ...failed, excluded: [], lastFailure: 'busy' } });
  expect(counted).toEqual(['dispatched', 'fallback saturated']);
  const there = sentAttempt(published[0]?.payload) ?? expect.fail('nothing was sent');
  expect(there).toMatchObject({ number: 1, upstream: 'spare', fallback: { since: 1 } });
  send({ attempt: { ...there, lastFailure: 'draining' } });
  waiting[0]?.run();
  expect(counted.slice(2)).toEqual(['delayed', 'dispatched']);
});

test('too many waiting attempts are an error, not a queue without end', () => {
  const { send, load, published } = createRecorded({ delays: { add: () => false } });
  load(report);
  send({ attempt: failed });
  expect(errorOf(published[0]?.payload)).toMatchObject({ reason: 'saturated' });
});

const held: Partial<EnvelopeMeta> = {
  grant: { holds: [], held: true, expiresAt: now + 10_000, mac: 'x' },
  answerHeaders: [['x-budget-remaining', '12']],
};

test('what is refused for good gives back what policy holds for it, and says what is left', () => {
  const { send, load, published, released } = createRecorded({ delays: { add: () => false } });
  load(report);
  send({ ...held, attempt: failed });
  expect(errorOf(published[0]?.payload)).toMatchObject({
    reason: 'saturated',
    headers: [['x-budget-remaining', '12']],
  });
  send({ ...held, deadline: now });
  expect(released).toEqual(['request-1', 'request-1']);
  send({ deadline: now });
  expect(released).toHaveLength(2);
});

test('what was called before it is refused for good is held until the ledger has every account of it', () => {
  const { send, load, released, finished } = createRecorded({ delays: { add: () => false } });
  load(report);
  send({ ...held, attempt: { ...failed, past: { accounts: 2, called: true } } });
  expect(finished).toEqual([['request-1', 2]]);
  send({ ...held, attempt: { ...failed, past: { accounts: 2, called: false } } });
  expect(released).toEqual(['request-1']);
  expect(finished).toHaveLength(1);
});

test('an attempt knows of those before it', () => {
  const { send, load, published, waiting } = createRecorded();
  load(report);
  send({ attempt: { ...failed, past: { accounts: 1, called: true } } });
  waiting[0]?.run();
  expect(sentAttempt(published[0]?.payload)?.past).toEqual({ accounts: 1, called: true });
});

test('what goes out, waits or may come again keeps what policy holds for it', () => {
  const { send, load, released } = createRecorded();
  send(held);
  load(report);
  send(held);
  send({ ...held, attempt: failed });
  expect(released).toEqual([]);
});

test('what was submitted before keeps it also when it is refused: the first submission may be running', () => {
  const { send, load, released } = createRecorded({ delays: { add: () => false } });
  load(report);
  send({ ...held, submission: 1, attempt: failed });
  expect(released).toEqual([]);
});

test('an adapter that does not answer is not chosen again', () => {
  const { send, load, onNotice, published } = createRecorded();
  load(report);
  send();
  const subject = published[0]?.replyTo ?? '';
  onNotice({ subject, noResponders: false });
  expect(published).toHaveLength(1);
  onNotice({ subject, noResponders: true });
  expect(published[1]).toMatchObject({ subject: meta.replyTo });
  expect(errorOf(published[1]?.payload)).toMatchObject({ reason: 'no_target', resubmit: true });
  send();
  expect(errorOf(published[2]?.payload)).toMatchObject({ reason: 'no_target' });
});

test('what is no envelope is counted and dropped', () => {
  const { schedule, published, counted } = createRecorded();
  schedule({ data: new TextEncoder().encode('nonsense') });
  expect([published, counted]).toEqual([[], ['malformed']]);
});

test('a failure of our own reaches the client as an error, not as silence', () => {
  const { send, published } = createRecorded({
    config: () => {
      throw new Error('broken');
    },
  });
  send();
  expect(errorOf(published[0]?.payload)).toMatchObject({ reason: 'bug' });
});

test.each<[string, unknown, string]>([
  ['no object', null, loadSubject],
  ['no targets', { ...report, targets: undefined }, loadSubject],
  ['another version', { ...report, v: 2 }, loadSubject],
  ['an instance that is not that of the subject', report, 'weir.v1.load.gpu.adapter-b'],
  ['a pool that is not that of the subject', report, 'weir.v1.load.other.adapter-a'],
])('a report with %s is counted and left', (_what, value, subject) => {
  const { load, counted, pools } = createRecorded();
  load(value, subject);
  expect(counted).toEqual(['bad report']);
  expect(pools.view('gpu', now)).toEqual([]);
});
