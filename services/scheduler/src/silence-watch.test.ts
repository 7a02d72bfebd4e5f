import { expect, test } from 'vitest';
import { createSilenceWatch } from './silence-watch.ts';

const createWatched = () => {
  const state = { now: 1_000_000, unheard: [] as string[], gauge: Number.NaN };
  const told: unknown[] = [];
  const look = createSilenceWatch({
    pools: { unheard: () => state.unheard },
    metrics: { setUnheardPools: (pools) => (state.gauge = pools) },
    logger: { warn: ((fields: unknown) => told.push(fields)) as never },
    now: () => state.now,
  });
  return { state, told, look };
};

test('says nothing while all pools are heard', () => {
  const { state, told, look } = createWatched();
  look();
  expect(state.gauge).toBe(0);
  expect(told).toEqual([]);
});

test('names the pools at once, and again each ten seconds that it lasts', () => {
  const { state, told, look } = createWatched();
  state.unheard = ['gpu', 'other'];
  look();
  expect(state.gauge).toBe(2);
  expect(told).toEqual([{ pools: ['gpu', 'other'] }]);
  state.now += 9_999;
  look();
  expect(told).toHaveLength(1);
  state.now += 1;
  look();
  expect(told).toHaveLength(2);
});

test('takes the alarm back with the next report', () => {
  const { state, look } = createWatched();
  state.unheard = ['gpu'];
  look();
  state.unheard = [];
  look();
  expect(state.gauge).toBe(0);
});
