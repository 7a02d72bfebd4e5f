import type { LoadReport } from '@weir/contracts';
import { expect, it } from 'vitest';
import type { LiveUpstream } from './attempt/attempt-deps.ts';
import { createLoadTracker } from './core/load-tracker.ts';
import { createLoadReporter } from './load-reporter.ts';
import { upstreamConfig } from './testdata/upstream-config.ts';

const targets = ['t0', 't1'].map((name) => ({ name, url: `http://${name}`, weight: 1 }));

const create = (settings: { pool: string | undefined; target: string | undefined }) => {
  let time = 1_000;
  const upstreams = new Map(
    ['p', 'q'].map((name) => [name, { name, config: upstreamConfig('', { targets }) } as LiveUpstream]),
  );
  const sent: [string, LoadReport][] = [];
  const reporter = createLoadReporter({
    bus: { publish: (subject, data) => sent.push([subject, JSON.parse(new TextDecoder().decode(data))]) },
    instance: 'a',
    load: createLoadTracker({ instance: 'a', epoch: 1, capacity: 10 }),
    upstreams: { all: () => upstreams.values(), get: (name) => upstreams.get(name) },
    settings,
    engineOf: (pool, target) => (pool === 'p' && target === 't1' ? { kvUsage: 0.5 } : undefined),
    now: () => time,
  });
  const targetsSent = () => sent.splice(0).map(([subject, { targets: loads }]) => [subject, loads]);
  return { reporter, targetsSent, pass: (milliseconds: number) => (time += milliseconds) };
};

const idle = { pendingTokens: 0, running: 0, capacity: 10 };

it('an adapter reports its targets, with what their engines say', () => {
  const { reporter, targetsSent } = create({ pool: undefined, target: undefined });
  reporter.report('ready');
  expect(targetsSent()).toEqual([
    [
      'weir.v1.load.p.a',
      [
        { target: 't0', ...idle },
        { target: 't1', ...idle, engine: { kvUsage: 0.5 } },
      ],
    ],
    [
      'weir.v1.load.q.a',
      [
        { target: 't0', ...idle },
        { target: 't1', ...idle },
      ],
    ],
  ]);
});

it('the agent of a worker reports that worker', () => {
  const { reporter, targetsSent } = create({ pool: 'q', target: 't0' });
  reporter.report('ready');
  expect(targetsSent()).toEqual([['weir.v1.load.q.a', [{ target: 't0', ...idle }]]]);
});

it('a report out of turn is of one pool, and not sent twice in a moment', () => {
  const { reporter, targetsSent, pass } = create({ pool: undefined, target: undefined });
  reporter.reportNow('q', 'ready');
  reporter.reportNow('q', 'ready');
  reporter.reportNow('gone', 'ready');
  expect(targetsSent()).toHaveLength(1);
  pass(20);
  reporter.reportNow('q', 'ready');
  expect(targetsSent()).toHaveLength(1);
});
