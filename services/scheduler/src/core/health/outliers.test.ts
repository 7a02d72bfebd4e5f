import type { OutlierDetectionConfig } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Outliers } from './outliers.ts';

const config: OutlierDetectionConfig = {
  consecutiveErrors: 3,
  intervalMs: 10_000,
  baseEjectionMs: 30_000,
  maxEjectionPercent: 50,
  latencyFactor: 3,
};

describe('failures in a row', () => {
  test('leave a target out for a while, and for longer the next time', () => {
    const outliers = new Outliers();
    outliers.failed('t0', 2, 4, 0, config);
    expect(outliers.isEjected('t0', 0)).toBe(false);
    outliers.failed('t0', 3, 4, 0, config);
    expect([outliers.isEjected('t0', 29_999), outliers.isEjected('t0', 30_000)]).toEqual([true, false]);
    outliers.failed('t0', 4, 4, 30_000, config);
    expect(outliers.ejectedUntil('t0')).toBe(90_000);
  });

  test('never leave out more than a share, and never the last one', () => {
    const outliers = new Outliers();
    for (const target of ['t0', 't1', 't2', 't3']) outliers.failed(target, 9, 4, 0, config);
    expect(['t0', 't1', 't2', 't3'].map((target) => outliers.isEjected(target, 0))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const alone = new Outliers();
    alone.failed('t0', 9, 1, 0, config);
    expect(alone.isEjected('t0', 0)).toBe(false);
    const pair = new Outliers();
    for (const target of ['t0', 't1']) pair.failed(target, 9, 2, 0, { ...config, maxEjectionPercent: 10 });
    expect([pair.isEjected('t0', 0), pair.isEjected('t1', 0)]).toEqual([true, false]);
  });
});

describe('latency', () => {
  const times = (slow: number | undefined) =>
    new Map([
      ['t0', 100],
      ['t1', 110],
      ['t2', 90],
      ['t3', slow],
    ]);
  /** What the fourth target is after so many intervals. */
  const after = (intervals: number, slow: number | undefined, settings = config) => {
    const outliers = new Outliers();
    for (let at = 0; at < intervals; at += 1) outliers.compare(times(slow), at * 10_000, settings);
    const now = (intervals - 1) * 10_000;
    return [outliers.penaltyOf('t3'), outliers.isEjected('t3', now)];
  };

  test('makes a slow target dearer first, and leaves it out when that persists', () => {
    expect(after(2, 900)).toEqual([1, false]);
    expect(after(3, 900)).toEqual([2, false]);
    expect(after(6, 900)).toEqual([1, true]);
  });

  test('says nothing of a target that is not that slow, or not known, or where nobody asks', () => {
    expect(after(9, 300)).toEqual([1, false]);
    expect(after(9, undefined)).toEqual([1, false]);
    const { latencyFactor: _, ...withoutLatency } = config;
    expect(after(9, 900, withoutLatency)).toEqual([1, false]);
  });

  test('forgives one good interval', () => {
    const outliers = new Outliers();
    for (const [at, slow] of [900, 900, 100, 900, 900].entries()) {
      outliers.compare(times(slow), at * 10_000, config);
    }
    expect(outliers.penaltyOf('t3')).toBe(1);
  });

  test('is compared each interval', () => {
    const outliers = new Outliers();
    outliers.compare(times(100), 0, config);
    expect([outliers.isDue(9_999, config), outliers.isDue(10_000, config)]).toEqual([false, true]);
  });
});

test('law: at least one target, and at least the share that must stay, is never left out', () => {
  const failures = fc.array(fc.record({ at: fc.nat(7), now: fc.nat(100_000) }), { maxLength: 60 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 100 }),
      failures,
      (size, share, given) => {
        const outliers = new Outliers();
        const names = Array.from({ length: size }, (_, at) => `t${at}`);
        for (const { at, now } of given.toSorted((left, right) => left.now - right.now)) {
          outliers.failed(`t${at % size}`, 9, size, now, { ...config, maxEjectionPercent: share });
          const ejected = names.filter((name) => outliers.isEjected(name, now)).length;
          expect(ejected).toBeLessThanOrEqual(Math.max(1, Math.floor((size * share) / 100)));
          expect(ejected).toBeLessThan(size);
        }
      },
    ),
  );
});
