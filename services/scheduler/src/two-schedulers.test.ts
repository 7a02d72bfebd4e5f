import { decodeEnvelope, encodeEnvelope, type LoadReport, subjects } from '@weir/contracts';
import { passThroughTracer } from '@weir/runtime';
import { requestMeta } from '@weir/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createScheduler } from './scheduler.ts';
import { configOf } from './testdata/config-of.ts';
import { quietMetrics } from './testdata/quiet-metrics.ts';

const now = 1_000_000;
const encoder = new TextEncoder();
const body = encoder.encode('{"model":"small"}');

const config = configOf({
  upstreams: {
    gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1', 'http://127.0.0.1:2'] },
  },
});

const meta = requestMeta(now, {
  features: { inputTokens: 1_000, chars: 4_000, messages: 1, tools: 0 },
  body: { where: 'inline', bytes: body.byteLength },
});

const reportOf = (worker: number): LoadReport => ({
  v: 1,
  pool: 'gpu',
  instance: `adapter-${worker}`,
  epoch: 1,
  sequence: 1,
  state: 'ready',
  targets: [{ target: `t${worker}`, pendingTokens: 0, running: 0, capacity: 1_000 }],
  watermarks: {},
});

const metrics = quietMetrics({
  countDecision: (outcome) => expect(outcome).toBe('dispatched'),
  countBadReport: () => expect.fail('a bad report'),
  countBadGossip: () => expect.fail('bad gossip'),
});

type Handler = (message: { subject: string; data: Uint8Array }) => void;

/** Two schedulers on one bus, and two equal workers that have reported once and are silent for the rest of the interval. */
const createPair = (random: () => number) => {
  const hearing: Handler[] = [];
  const endings: (() => void)[] = [];
  const placed = [0, 0];
  const publish = (subject: string, payload: Uint8Array): void => {
    if (subject.startsWith('weir.v1.gossip.')) {
      for (const hear of hearing) hear({ subject, data: payload });
      return;
    }
    const worker = [0, 1].find((one) => subject === subjects.run(`adapter-${one}`));
    if (worker === undefined) return expect.fail(subject);
    expect(decodeEnvelope(payload)).toMatchObject({
      envelope: { meta: { attempt: { target: `t${worker}` } } },
    });
    placed[worker] = (placed[worker] ?? 0) + 1;
  };
  const schedulers = ['scheduler-a', 'scheduler-b'].map((self) => {
    const scheduler = createScheduler({
      bus: { publish },
      self,
      metrics,
      random,
      holds: { finish: () => undefined, release: () => undefined, extend: () => undefined },
      config: () => config,
      canaryWeightOf: () => 0,
      delays: { add: () => false },
      tracer: passThroughTracer,
      logger: { error: () => undefined } as never,
      now: () => now,
      atEndOfTurn: (run) => endings.push(run),
      onReport: () => undefined,
    });
    hearing.push(scheduler.onGossip);
    for (const worker of [0, 1]) {
      const data = encoder.encode(JSON.stringify(reportOf(worker)));
      scheduler.onLoad({ subject: subjects.load('gpu', `adapter-${worker}`), data });
    }
    return scheduler;
  });
  for (const { beat } of schedulers) beat();
  const place = (scheduler: number): void => {
    schedulers[scheduler]?.onRequest({ data: encodeEnvelope(meta, body) });
    for (const run of endings.splice(0)) run();
  };
  return { place, placed };
};

test('law: two schedulers never send two requests to one of two equal workers while the other has less', () => {
  const lots = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 40 });
  const order = fc.array(fc.constantFrom(0, 1), { maxLength: 40 });
  fc.assert(
    fc.property(lots, order, (draws, turns) => {
      const left = [...draws];
      const { place, placed } = createPair(() => left.shift() ?? 0);
      for (const scheduler of turns) {
        place(scheduler);
        const [one = 0, other = 0] = placed;
        expect(Math.abs(one - other)).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 50 },
  );
});

test('two schedulers that each place ten requests between two reports give each of two equal workers ten', () => {
  const { place, placed } = createPair(() => 0);
  for (let round = 0; round < 10; round += 1) {
    place(0);
    place(1);
    // Each for itself, both would have chosen the same one.
    expect(placed).toEqual([round + 1, round + 1]);
  }
});
