import type { LoadReport, TargetHealth, UpstreamConfig } from '@weir/contracts';
import { describe, expect, test } from 'vitest';
import { configOf } from '../../testdata/config-of.ts';
import { createHealthBoard } from './health-board.ts';

const upstreamWith = (more: object): UpstreamConfig => {
  const config = configOf({
    upstreams: {
      gpu: {
        provider: 'openai-compatible',
        targets: ['http://127.0.0.1:1', 'http://127.0.0.1:2', 'http://127.0.0.1:3'],
        ...more,
      },
    },
  });
  return config.upstreams['gpu'] ?? expect.fail('no upstream');
};

const well: TargetHealth = { succeeded: 10, failed: 0, consecutiveFailures: 0 };
const ill: TargetHealth = { succeeded: 10, failed: 5, consecutiveFailures: 5, lastFailure: 'connect_failed' };

const reportOf = (health: TargetHealth | undefined, given: Partial<LoadReport> = {}): LoadReport => ({
  v: 1,
  pool: 'gpu',
  instance: 'adapter-a',
  epoch: 1,
  sequence: 1,
  state: 'ready',
  targets: [
    { target: 't0', pendingTokens: 0, running: 0, capacity: 10, ...(health ? { health } : {}) },
    { target: 't1', pendingTokens: 0, running: 0, capacity: 10, health: well },
  ],
  watermarks: {},
  ...given,
});

const place = { instance: 'adapter-a', target: 't0' };
const other = { instance: 'adapter-b', target: 't0' };

describe('the verdict on a place', () => {
  test('is good while nobody asks, or nothing is known', () => {
    const board = createHealthBoard(() => 0);
    expect(board.verdict('gpu', place, 0)).toEqual({ outcome: 'admitted', penalty: 1 });
    board.observe(reportOf(ill), upstreamWith({}), 0);
    expect(board.verdict('gpu', place, 0)).toEqual({ outcome: 'admitted', penalty: 1 });
    expect([...board.all(0)]).toEqual([]);
    board.observe(reportOf(undefined), upstreamWith({ circuitBreaker: {} }), 0);
    expect(board.verdict('gpu', place, 0)).toMatchObject({ outcome: 'admitted' });
  });

  test('is what its own adapter sees: another one may reach the same target', () => {
    const board = createHealthBoard(() => 0);
    const upstream = upstreamWith({ circuitBreaker: { openMs: 10_000 } });
    board.observe(reportOf(well), upstream, 0);
    board.observe(reportOf(ill), upstream, 100);
    board.observe(reportOf(well, { instance: 'adapter-b' }), upstream, 100);
    expect(board.verdict('gpu', place, 100)).toEqual({
      outcome: 'refused',
      reason: 'circuit_open',
      until: 5_100,
    });
    expect(board.verdict('gpu', other, 100)).toMatchObject({ outcome: 'admitted' });
  });

  test('lets probes through after a while, one for each scheduler', () => {
    const board = createHealthBoard(() => 0);
    const upstream = upstreamWith({ circuitBreaker: { openMs: 10_000 } });
    board.observe(reportOf(ill), upstream, 0);
    expect(board.verdict('gpu', place, 5_000)).toMatchObject({ outcome: 'admitted' });
    board.sent('gpu', place, 5_000);
    expect(board.verdict('gpu', place, 5_000)).toMatchObject({ outcome: 'refused', reason: 'probing' });
    board.observe(reportOf({ ...ill, succeeded: 12, consecutiveFailures: 0 }), upstream, 5_100);
    expect(board.details('gpu', 5_100)[0]?.circuit).toBe('closed');
  });

  test('of a scheduler that is new is bad at once where a row of failures is reported', () => {
    const board = createHealthBoard(() => 0);
    board.observe(reportOf(ill), upstreamWith({ circuitBreaker: {} }), 0);
    expect(board.verdict('gpu', place, 0)).toMatchObject({ reason: 'circuit_open' });
  });

  test('does not take the counts of a former life for news', () => {
    const board = createHealthBoard(() => 0);
    const upstream = upstreamWith({ circuitBreaker: { minRequests: 1, failureRatePercent: 1 } });
    board.observe(reportOf({ ...well, failed: 90 }), upstream, 0);
    board.observe(reportOf({ ...well, failed: 90 }, { epoch: 2 }), upstream, 100);
    expect(board.verdict('gpu', place, 100)).toMatchObject({ outcome: 'admitted' });
  });

  test('follows the checks', () => {
    const board = createHealthBoard(() => 0);
    const upstream = upstreamWith({ healthCheck: { type: 'http' } });
    board.observe(reportOf({ ...well, check: 'unhealthy', checkFailure: 'status 503' }), upstream, 0);
    expect(board.verdict('gpu', place, 0)).toMatchObject({ outcome: 'refused', reason: 'unhealthy' });
    board.observe(reportOf({ ...well, check: 'healthy' }), upstream, 0);
    expect(board.verdict('gpu', place, 0)).toMatchObject({ outcome: 'admitted' });
  });

  test('is for all adapters where a target does worse than the others', () => {
    const board = createHealthBoard(() => 0);
    const upstream = upstreamWith({ outlierDetection: {} });
    board.observe(reportOf(ill), upstream, 0);
    expect(board.verdict('gpu', other, 0)).toMatchObject({ outcome: 'admitted' });
    board.observe(reportOf(well, { instance: 'adapter-b' }), upstream, 0);
    expect(board.verdict('gpu', other, 0)).toMatchObject({ outcome: 'refused', reason: 'ejected' });
  });

  test('is forgotten with what the configuration asks for', () => {
    const board = createHealthBoard(() => 0);
    board.observe(reportOf(ill), upstreamWith({ circuitBreaker: {} }), 0);
    board.observe(reportOf(ill), upstreamWith({}), 0);
    expect(board.verdict('gpu', place, 0)).toMatchObject({ outcome: 'admitted' });
  });
});

test('what has not been heard of for a minute is forgotten', () => {
  const board = createHealthBoard(() => 0);
  const upstream = upstreamWith({ circuitBreaker: {} });
  board.observe(reportOf(ill), upstream, 0);
  board.observe(reportOf(well, { instance: 'adapter-b' }), upstream, 60_001);
  expect(board.details('gpu', 60_001).map((detail) => detail.place.instance)).toEqual([
    'adapter-b',
    'adapter-b',
  ]);
});
