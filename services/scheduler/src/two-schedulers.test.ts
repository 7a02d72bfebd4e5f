import {
  decodeEnvelope,
  type EnvelopeMeta,
  encodeEnvelope,
  type LoadReport,
  parseConfig,
  subjects,
} from '@weir/contracts';
import { passThroughTracer } from '@weir/runtime';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPoolView } from './core/pool-view.ts';
import { createRetryBudget } from './core/retry-budget.ts';
import { createTurns } from './core/turns.ts';
import { createGossipWriter } from './gossip-writer.ts';
import { createGossip } from './handlers/gossip.ts';
import { createLoadReport } from './handlers/load-report.ts';
import { createSchedule } from './handlers/schedule.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';

const now = 1_000_000;
const encoder = new TextEncoder();
const body = encoder.encode('{"model":"small"}');

const parsed = parseConfig({
  version: 1,
  upstreams: {
    gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1', 'http://127.0.0.1:2'] },
  },
});
if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
const { config } = parsed;

const meta: EnvelopeMeta = {
  v: 1,
  id: 'request-1',
  replyTo: 'weir.v1.reply.ingress-1.request-1',
  ingress: 'ingress-1',
  deadline: now + 10_000,
  receivedAt: now,
  route: 'openai-chat',
  api: 'openai.chat',
  method: 'POST',
  path: '/v1/chat/completions',
  model: 'small',
  stream: false,
  submission: 0,
  features: { inputTokens: 1_000, chars: 4_000, messages: 1, tools: 0 },
  marks: {},
  body: { where: 'inline', bytes: body.byteLength },
  client: { ip: '::1', headers: {} },
};

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

const metrics: SchedulerMetrics = {
  countDecision: (outcome) => expect(outcome).toBe('dispatched'),
  countRetry: () => undefined,
  countFallback: () => undefined,
  countBadReport: () => expect.fail('a bad report'),
  countBadGossip: () => expect.fail('bad gossip'),
  countGossip: () => undefined,
  setUnheardPools: () => undefined,
  observeHop: () => undefined,
};

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
    const pools = createPoolView(self);
    const bus = { publish };
    const atEndOfTurn = (run: () => void) => endings.push(run);
    const writer = createGossipWriter({ bus, self, metrics, now: () => now, atEndOfTurn });
    hearing.push(createGossip({ self, pools, writer, metrics, now: () => now }));
    const onLoad = createLoadReport({ pools, metrics, now: () => now, onReport: () => undefined });
    for (const worker of [0, 1]) {
      const data = encoder.encode(JSON.stringify(reportOf(worker)));
      onLoad({ subject: subjects.load('gpu', `adapter-${worker}`), data });
    }
    const schedule = createSchedule({
      bus,
      self,
      pools,
      metrics,
      random,
      holds: { release: () => undefined },
      retries: createRetryBudget(),
      config: () => config,
      gossip: writer,
      turnOf: createTurns().next,
      delays: { add: () => false },
      tracer: passThroughTracer,
      logger: { error: () => undefined } as never,
      now: () => now,
    });
    return { writer, schedule };
  });
  for (const { writer } of schedulers) writer.beat();
  const place = (scheduler: number): void => {
    schedulers[scheduler]?.schedule({ data: encodeEnvelope(meta, body) });
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
