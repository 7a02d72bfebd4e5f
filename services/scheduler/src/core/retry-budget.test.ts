import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRetryBudget } from './retry-budget.ts';

const budget = { percent: 20, minRetries: 3 };
const start = 1_000_000;

const spendAll = (retries: ReturnType<typeof createRetryBudget>, now: number, route = 'chat'): number => {
  let spent = 0;
  while (spent < 1_000 && retries.spend(route, budget, now)) spent += 1;
  return spent;
};

const count = (retries: ReturnType<typeof createRetryBudget>, requests: number, now: number): void => {
  for (let request = 0; request < requests; request += 1) retries.count('chat', now);
};

describe('a retry budget', () => {
  it('allows the least number of retries however few requests there are', () => {
    expect(spendAll(createRetryBudget(), start)).toBe(3);
  });

  it('allows a share of the requests', () => {
    const retries = createRetryBudget();
    count(retries, 100, start);
    expect(spendAll(retries, start)).toBe(20);
  });

  it('forgets requests and retries after ten seconds, and not before', () => {
    const retries = createRetryBudget();
    count(retries, 100, start);
    expect(spendAll(retries, start + 9_999)).toBe(20);
    // The requests are gone, the retries are not.
    expect(spendAll(retries, start + 10_000)).toBe(0);
    expect(spendAll(retries, start + 19_000)).toBe(3);
  });

  it('is one for each route', () => {
    const retries = createRetryBudget();
    expect(spendAll(retries, start)).toBe(3);
    expect(spendAll(retries, start, 'other')).toBe(3);
  });

  it('never allows more than its share of any ten seconds, whatever comes when', () => {
    const events = fc.array(fc.record({ afterMs: fc.nat(4_000), requests: fc.nat(30), tries: fc.nat(30) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(events, (steps) => {
        const retries = createRetryBudget();
        const log: { second: number; requests: number; spent: number }[] = [];
        let now = start;
        for (const { afterMs, requests, tries } of steps) {
          now += afterMs;
          count(retries, requests, now);
          let spent = 0;
          for (let attempt = 0; attempt < tries; attempt += 1)
            if (retries.spend('chat', budget, now)) spent += 1;
          const second = Math.floor(now / 1_000);
          log.push({ second, requests, spent });
          if (spent === 0) continue;
          const recent = log.filter((entry) => entry.second > second - 10);
          const sum = (key: 'requests' | 'spent') => recent.reduce((total, entry) => total + entry[key], 0);
          expect(sum('spent')).toBeLessThanOrEqual(Math.max(3, Math.ceil(sum('requests') * 0.2)));
        }
      }),
    );
  });

  it('stays where it is when the clock goes back', () => {
    const retries = createRetryBudget();
    expect(spendAll(retries, start)).toBe(3);
    expect(spendAll(retries, start - 60_000)).toBe(0);
  });
});
