import type { TargetQuota } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPlace, type Place } from './place.ts';
import { exhaustedTargets, openAt } from './provider-quota.ts';

const observedAt = 1_000_000;
const resetsAt = observedAt + 10_000;

const place = (target: string, quota: Omit<TargetQuota, 'observedAt'> & { observedAt?: number }): Place => ({
  ...createPlace('adapter-1', target, { running: 0 }),
  quota: { observedAt, ...quota },
});

describe('a provider’s quota', () => {
  it('refuses until the pause that it asked for is over', () => {
    const places = [place('t0', { exhaustedUntil: observedAt + 500 })];
    expect([...exhaustedTargets(places, 1, observedAt)]).toEqual([['t0', observedAt + 500]]);
    expect(exhaustedTargets(places, 1, observedAt + 500).size).toBe(0);
  });

  it('fills up evenly where its limit is known', () => {
    const requests = { remaining: 0, limit: 10, resetsAt };
    expect(openAt({ observedAt, requests }, 1)).toBe(observedAt + 1_000);
    const tokens = { remaining: 200, limit: 1_000, resetsAt };
    expect(openAt({ observedAt, tokens }, 200)).toBe(observedAt);
    expect(openAt({ observedAt, tokens }, 600)).toBe(observedAt + 5_000);
  });

  it('is back at its reset where its limit is not known', () => {
    expect(openAt({ observedAt, requests: { remaining: 0, resetsAt } }, 1)).toBe(resetsAt);
  });

  it('leaves a request that is larger than the limit to the provider, from the reset on', () => {
    const places = [place('t0', { tokens: { remaining: 10, limit: 100, resetsAt } })];
    expect(exhaustedTargets(places, 500, resetsAt - 1).size).toBe(1);
    expect(exhaustedTargets(places, 500, resetsAt).size).toBe(0);
  });

  it('believes the newest of what several adapters were told', () => {
    const old = place('t0', { exhaustedUntil: resetsAt });
    const newer = place('t0', { observedAt: observedAt + 1, requests: { remaining: 5, resetsAt } });
    for (const places of [
      [old, newer],
      [newer, old],
    ]) {
      expect(exhaustedTargets(places, 1, observedAt + 2).size).toBe(0);
    }
  });

  it('never asks for more patience than to the last reset, nor more of a small request than of a large one', () => {
    const window = fc
      .record({ remaining: fc.nat(100), limit: fc.nat(100) })
      .map((counts) => ({ ...counts, resetsAt }));
    fc.assert(
      fc.property(window, window, fc.nat(200), fc.nat(200), (requests, tokens, one, other) => {
        const quota = { observedAt, requests, tokens };
        const [small, large] = [Math.min(one, other), Math.max(one, other)];
        expect(openAt(quota, large)).toBeLessThanOrEqual(resetsAt);
        expect(openAt(quota, small)).toBeLessThanOrEqual(openAt(quota, large));
      }),
    );
  });
});
