import { expect, test } from 'vitest';
import { chargesOf, toSettleRecord } from './charges.ts';
import { moneyCounter, ratedUsage, requestCounter, tokenCounter } from './testdata/rated-usage.ts';

test('a counter is charged in its own unit: what is billed, tokens in and out, requests', () => {
  expect(chargesOf(ratedUsage)).toEqual([
    [moneyCounter, 140n],
    [tokenCounter, 30n],
    [requestCounter, 1n],
  ]);
});

test('what adds nothing is left out, what takes away is not', () => {
  const delta = {
    ...ratedUsage.delta,
    chargeNano: '-9007199254740993',
    inputTokens: -5,
    outputTokens: 5,
    requests: 0,
  };
  expect(chargesOf({ ...ratedUsage, delta })).toEqual([[moneyCounter, -9007199254740993n]]);
});

test('a counter that is named twice is charged once, and a text that is no counter not at all', () => {
  const charges = [requestCounter, 'x|y', requestCounter];
  expect(chargesOf({ ...ratedUsage, charges })).toEqual([[requestCounter, 1n]]);
  const { charges: _charges, ...uncharged } = ratedUsage;
  expect(chargesOf(uncharged)).toEqual([]);
});

test('a settled record says what the whole attempt used, not the difference', () => {
  const later = { ...ratedUsage, delta: { ...ratedUsage.delta, inputTokens: 0, outputTokens: 1 } };
  expect(toSettleRecord(later)).toMatchObject({ id: 'request-1', tokens: 30, ends: true });
});

test('usage that nobody knows stays unknown, and what is known of it counts', () => {
  expect(toSettleRecord({ ...ratedUsage, usage: {} }).tokens).toBeUndefined();
  expect(toSettleRecord({ ...ratedUsage, usage: { inputTotal: 0 } }).tokens).toBe(0);
  expect(toSettleRecord({ ...ratedUsage, usage: { cacheRead: 3, inputText: 4 } }).tokens).toBe(7);
});

test('an attempt that was handed back does not end its request', () => {
  expect(toSettleRecord({ ...ratedUsage, handedBack: true }).ends).toBe(false);
});
