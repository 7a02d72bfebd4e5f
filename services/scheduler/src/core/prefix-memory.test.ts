import { expect, test } from 'vitest';
import { createPrefixMemory } from './prefix-memory.ts';

test('a target has cached the longest prefix that it was sent', () => {
  const memory = createPrefixMemory();
  memory.note('gpu', 't0', ['a', 'b', 'c'], 0);
  memory.note('gpu', 't1', ['a', 'x'], 0);
  const cached = memory.recall('gpu', ['a', 'b', 'z'], 0);
  expect(['t0', 't1', 't2'].map((target) => cached(target, undefined))).toEqual([2_048, 1_024, 0]);
  expect(memory.recall('other', ['a'], 0)('t0', undefined)).toBe(0);
  expect(memory.recall('gpu', [], 0)('t0', undefined)).toBe(0);
});

test('what is ten minutes old, or older than the target itself, is gone', () => {
  const memory = createPrefixMemory();
  memory.note('gpu', 't0', ['a'], 1_000);
  expect(memory.recall('gpu', ['a'], 601_000)('t0', undefined)).toBe(1_024);
  expect(memory.recall('gpu', ['a'], 601_001)('t0', undefined)).toBe(0);
  expect(memory.recall('gpu', ['a'], 2_000)('t0', 1_001)).toBe(0);
});

test('the targets sent last are known, and no more than a bound', () => {
  const memory = createPrefixMemory();
  for (let at = 0; at < 9; at += 1) memory.note('gpu', `t${at}`, ['a'], at);
  const cached = memory.recall('gpu', ['a'], 9);
  expect(['t0', 't1', 't8'].map((target) => cached(target, undefined))).toEqual([0, 1_024, 1_024]);
});

test('the prefixes used last are known, and no more than a bound', () => {
  const memory = createPrefixMemory();
  memory.note('gpu', 't0', ['old'], 0);
  memory.note('gpu', 't0', ['used'], 0);
  for (let at = 0; at < 32_766; at += 1) memory.note('gpu', 't0', [`p${at}`], 0);
  memory.note('gpu', 't0', ['used'], 0);
  memory.note('gpu', 't0', ['last'], 0);
  const known = (prefix: string) => memory.recall('gpu', [prefix], 0)('t0', undefined) > 0;
  expect(['old', 'used', 'last', 'p1'].map(known)).toEqual([false, true, true, true]);
});
