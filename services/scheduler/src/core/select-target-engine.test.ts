import { describe, expect, it } from 'vitest';
import { placeOf } from '../testdata/place-of.ts';
import type { Place } from './place.ts';
import { selectTarget, type TargetQuestion } from './select-target.ts';

const targets = ['t0', 't1'].map((name) => ({ name, weight: 1, url: `http://${name}` }));

const choose = (places: readonly Place[], upstream: Partial<TargetQuestion['upstream']> = {}) => {
  const selection = selectTarget({
    upstream: { strategy: 'least-tokens-queued', targets, ...upstream },
    places,
    excluded: new Set(),
    isCurrent: true,
    now: 0,
    verdict: () => ({ outcome: 'admitted', penalty: 1 }),
    inputTokens: 100,
    turn: 0,
    random: () => 0,
  });
  return selection.outcome === 'selected' ? selection.place.target : selection.outcome;
};

describe('what engines say of themselves', () => {
  it.each<[string, Place[], string]>([
    [
      'a full KV cache costs more than a queue',
      [placeOf('t0', { engine: { kvUsage: 0.95 } }), placeOf('t1', { pendingTokens: 20_000 })],
      't0',
    ],
    [
      'of two that tell, the emptier cache wins in spite of a queue',
      [
        placeOf('t0', { engine: { kvUsage: 0.95 } }),
        placeOf('t1', { pendingTokens: 20_000, engine: { kvUsage: 0.1 } }),
      ],
      't1',
    ],
    [
      'a queue that is long enough costs more than a full cache',
      [
        placeOf('t0', { engine: { kvUsage: 0.95 } }),
        placeOf('t1', { pendingTokens: 30_000, engine: { kvUsage: 0.1 } }),
      ],
      't0',
    ],
    [
      'requests of others that wait are tokens before ours',
      [
        placeOf('t0', { engine: { running: 0, waiting: 3 } }),
        placeOf('t1', { pendingTokens: 2_000, engine: { running: 0, waiting: 0 } }),
      ],
      't1',
    ],
    [
      'our own that wait are not counted twice',
      [
        placeOf('t0', { running: 3, engine: { running: 0, waiting: 3 } }),
        placeOf('t1', { running: 3, pendingTokens: 200 }),
      ],
      't0',
    ],
  ])('%s', (_what, places, expected) => {
    expect(choose(places)).toBe(expected);
  });

  it('count for least-requests, too', () => {
    const places = [placeOf('t0', { engine: { running: 4 } }), placeOf('t1', { running: 3 })];
    expect(choose(places, { strategy: 'least-requests' })).toBe('t1');
  });
});

describe('the limit of requests at a target', () => {
  it('leaves out an instance that has as many there, and the target when all of them have', () => {
    const places = [
      placeOf('t0', { running: 2 }),
      placeOf('t0', { instance: 'b', running: 2 }),
      placeOf('t1', { running: 1, pendingTokens: 9_999 }),
    ];
    expect(choose(places, { maxRequestsPerTarget: 2 })).toBe('t1');
    expect(choose(places, { maxRequestsPerTarget: 3 })).toBe('t0');
  });

  it('is for the adapter to say when all of them seem to have, and nothing may wait', () => {
    const places = [placeOf('t0', { running: 3 }), placeOf('t1', { running: 2 })];
    expect(choose(places, { maxRequestsPerTarget: 2 })).toBe('t1');
    const queue = { maxWaiting: 10 };
    expect(choose(places, { maxRequestsPerTarget: 2, queue })).toBe('saturated');
  });

  it('is about our own requests alone: those of others show in the cost', () => {
    const places = [placeOf('t0', { engine: { running: 9 } })];
    expect(choose(places, { maxRequestsPerTarget: 2 })).toBe('t0');
  });
});
