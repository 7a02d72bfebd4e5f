import type { Attempt, EnvelopeMeta } from '@weir/contracts';
import { requestMeta } from '@weir/testing';
import { expect, test } from 'vitest';
import { attemptOf } from '../testdata/attempt-of.ts';
import { configOf } from '../testdata/config-of.ts';
import { placeOf } from '../testdata/place-of.ts';
import type { Place } from './place.ts';
import { type AttemptPlan, planAttempt } from './plan-attempt.ts';
import { toRunMeta } from './run-meta.ts';

const now = 1_000_000;
const targets = ['http://127.0.0.1:1', 'http://127.0.0.1:2'];

const config = configOf({
  upstreams: {
    stable: { provider: 'openai-compatible', targets },
    new: { provider: 'openai-compatible', targets },
  },
  routes: [
    {
      name: 'split',
      match: { path: '/split' },
      api: 'openai.chat',
      abTest: {
        by: 'org',
        header: 'x-group',
        variants: [
          { name: 'control', upstream: 'stable' },
          { name: 'experiment', upstream: 'new' },
        ],
      },
    },
  ],
});

const meta = requestMeta(now, {
  route: 'split',
  features: { chars: 4, messages: 1, tools: 0 },
  client: { ip: '::1', headers: { 'x-group': 'experiment' } },
});

const free = [placeOf('t0'), placeOf('t1')];
const full = [placeOf('t0', { running: 10 }), placeOf('t1', { running: 10 })];

const plan = (pools: Readonly<Record<string, readonly Place[]>>, attempt?: Attempt): AttemptPlan =>
  planAttempt({
    config,
    meta: attempt ? { ...meta, attempt } : meta,
    view: (pool) => pools[pool] ?? [],
    isCurrent: () => true,
    isGated: () => false,
    spendRetry: () => true,
    recall: () => () => 0,
    verdict: () => ({ outcome: 'admitted', penalty: 1 }),
    turnOf: () => 0,
    hasWaited: true,
    now,
    random: () => 0,
  });

const where = (planned: AttemptPlan): string => {
  if (planned.outcome === 'planned') return `${planned.attempt.upstream}/${planned.attempt.target}`;
  return planned.outcome === 'rejected' ? planned.error.reason : planned.outcome;
};

const failed = (...excluded: readonly string[]): Attempt =>
  attemptOf({
    number: excluded.length,
    upstream: 'new',
    remaining: 2,
    alternatives: 2,
    excluded: ['new/t0', ...excluded.slice(1)],
    lastFailure: 'connect_failed',
  });

test('a first attempt goes to the variant of its request', () => {
  expect(plan({ stable: free, new: free })).toMatchObject({
    attempt: { upstream: 'new', variant: 'experiment', alternatives: 3 },
  });
});

test('a further attempt stays within the variant, then goes to another one', () => {
  expect(where(plan({ stable: free, new: free }, failed('new/t0')))).toBe('new/t1');
  expect(plan({ stable: free, new: free }, failed('new/t0', 'new/t1'))).toMatchObject({
    attempt: { upstream: 'stable', variant: 'control' },
  });
});

test('a full variant does not send its share elsewhere; one without targets does, and so does a further attempt', () => {
  expect(where(plan({ stable: free, new: full }))).toBe('saturated');
  expect(where(plan({ stable: free, new: [] }))).toBe('stable/t0');
  expect(where(plan({ stable: free, new: full }, failed('new/t0')))).toBe('stable/t0');
});

const runMetaOf = (given: EnvelopeMeta, planned: AttemptPlan): EnvelopeMeta => {
  if (planned.outcome !== 'planned') throw new Error(planned.outcome);
  return toRunMeta(given, planned.attempt, { scheduler: 'scheduler-1', dispatch: 1 }, undefined);
};

test('the answer names the variant of its last attempt, beside what policy says', () => {
  const first = runMetaOf({ ...meta, answerHeaders: [['x-budget-remaining', '5']] }, plan({ new: free }));
  expect(first.answerHeaders).toEqual([
    ['x-budget-remaining', '5'],
    ['x-weir-variant', 'experiment'],
  ]);
  expect(first.attempt).not.toHaveProperty('variant');
  expect(runMetaOf(first, plan({ stable: free })).answerHeaders).toEqual([
    ['x-budget-remaining', '5'],
    ['x-weir-variant', 'control'],
  ]);
});
