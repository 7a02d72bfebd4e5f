import type { LoadReport, UpstreamConfig } from '@weir/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LiveUpstream } from './attempt/attempt-deps.ts';
import { createLoadTracker } from './core/load-tracker.ts';
import { createLoadReporter } from './load-reporter.ts';
import { upstreamConfig } from './testdata/upstream-config.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const bounded: UpstreamConfig['queue'] = { ...upstreamConfig('http://h').queue, maxRunningPerTarget: 2 };

const createSite = (
  queue?: UpstreamConfig['queue'],
  settings: { pool: string | undefined; target: string | undefined } = { pool: undefined, target: undefined },
) => {
  const reports: LoadReport[] = [];
  const bus = {
    publish: (_subject: string, payload: Uint8Array) => {
      reports.push(JSON.parse(new TextDecoder().decode(payload)));
    },
  };
  const config = upstreamConfig('http://h', queue ? { queue } : {});
  const upstream = { name: 'gpu', config } as LiveUpstream;
  const upstreams = { all: () => [upstream], get: () => upstream };
  const load = createLoadTracker({
    instance: 'adapter-a',
    epoch: 1,
    capacity: 10,
    onFreed: (pool) => reporter.freed(pool),
  });
  const reporter = createLoadReporter({
    bus,
    instance: 'adapter-a',
    load,
    details: () => ({ firstByteMs: 12 }),
    upstreams,
    settings,
    now: () => performance.now() + 1_000,
  });
  const take = () =>
    load.take({ pool: 'gpu', target: 't0', tokens: 5, scheduler: 'scheduler-1', dispatch: 1 });
  return { reports, reporter, take };
};

test('room at a target that requests may wait for is told within 20 ms, many changes at a time', () => {
  const { reports, take } = createSite(bounded);
  const tickets = [take(), take()];
  vi.advanceTimersByTime(100);
  expect(reports).toEqual([]);
  for (const ticket of tickets) ticket.release();
  vi.advanceTimersByTime(20);
  expect(reports).toMatchObject([
    { targets: [{ target: 't0', running: 0, pendingTokens: 0, firstByteMs: 12 }] },
  ]);
});

test('it is told in the state that was told last', () => {
  const { reports, reporter, take } = createSite(bounded);
  const ticket = take();
  reporter.report('draining');
  ticket.release();
  vi.advanceTimersByTime(20);
  expect(reports.map(({ state }) => state)).toEqual(['draining', 'draining']);
});

test('where nobody waits for the room of a target the beat is enough', () => {
  const { reports, take } = createSite();
  take().release();
  vi.advanceTimersByTime(1_000);
  expect(reports).toEqual([]);
});

test('nothing is told after the end', () => {
  const { reports, reporter, take } = createSite(bounded);
  take().release();
  reporter.close();
  vi.advanceTimersByTime(1_000);
  expect(reports).toEqual([]);
});

test('the agent of a worker reports that worker', () => {
  const { reports, reporter } = createSite(undefined, { pool: 'gpu', target: 't0' });
  reporter.report('ready');
  expect(reports).toMatchObject([{ pool: 'gpu', targets: [{ target: 't0' }] }]);
  const elsewhere = createSite(undefined, { pool: 'other', target: 't0' });
  elsewhere.reporter.report('ready');
  expect(elsewhere.reports).toEqual([]);
});

test('a report out of turn is not sent twice in a moment', () => {
  const { reports, reporter } = createSite();
  reporter.reportNow('gpu');
  reporter.reportNow('gpu');
  expect(reports).toHaveLength(1);
  vi.advanceTimersByTime(20);
  reporter.reportNow('gpu');
  expect(reports).toHaveLength(2);
});

test('a new configuration is told at once, in the state that was told last', () => {
  const { reports, reporter } = createSite();
  reporter.report('draining');
  reporter.repeat();
  expect(reports).toMatchObject([{ state: 'draining' }, { state: 'draining', sequence: 2 }]);
});
