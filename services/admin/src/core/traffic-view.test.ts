import { type CanaryState, parseConfig } from '@weir/contracts';
import { canaryRevision } from '@weir/routing';
import { describe, expect, test } from 'vitest';
import { canariesOf, decideCanaryChange, type StoredCanary } from './traffic-view.ts';

const upstream = { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] };
const parsed = parseConfig({
  version: 1,
  upstreams: { v1: upstream, v2: upstream },
  routes: [
    {
      name: 'chat',
      match: { path: '/chat' },
      canary: {
        stable: 'v1',
        canary: 'v2',
        steps: [
          { weight: 5, holdMs: 1_000 },
          { weight: 60, holdMs: 1_000 },
        ],
      },
    },
    { name: 'other', match: { path: '/other' } },
  ],
});
if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
const { routes } = parsed.config;
const [chat, other] = routes;
if (!chat?.canary || !other) throw new Error('no routes');

const state: CanaryState = {
  v: 1,
  route: 'chat',
  revision: canaryRevision(chat.canary),
  stable: 'v1',
  canary: 'v2',
  phase: 'rolled_back',
  step: 0,
  weight: 0,
  since: 1_750_000_000_000,
  reason: 'error_rate',
  seen: { answers: 50, failures: 9, firstBytes: 41, slow: 0 },
};
const stored: StoredCanary = { state, revision: 7 };

test('a canary is shown with its share, and why it has that', () => {
  expect(canariesOf(routes, new Map([['chat', stored]]))).toEqual([
    {
      route: 'chat',
      stable: 'v1',
      canary: 'v2',
      phase: 'rolled_back',
      step: 1,
      steps: 2,
      weight: 0,
      since: '2025-06-15T15:06:40.000Z',
      reason: 'error_rate',
      seen: { answers: 50, failures: 9, firstBytes: 41, slow: 0 },
    },
  ]);
});

test.each([
  ['nothing is stored', new Map<string, StoredCanary>()],
  [
    'what is stored is of another configuration',
    new Map([['chat', { state: { ...state, revision: 'x' }, revision: 1 }]]),
  ],
])('it waits while %s', (_what, kept) => {
  expect(canariesOf(routes, kept)).toMatchObject([{ route: 'chat', phase: 'waiting', weight: 0, step: 0 }]);
});

describe('an operator', () => {
  const decide = (action: 'promote' | 'rollback', given: object = {}) =>
    decideCanaryChange({ route: chat, stored, action, now: 1_750_000_060_000, ...given });

  test('promotes it to the share of its last step', () => {
    const { seen: _seen, ...rest } = state;
    expect(decide('promote')).toMatchObject({
      outcome: 'changed',
      replaces: 7,
      state: {
        ...rest,
        phase: 'promoted',
        step: 1,
        weight: 60,
        since: 1_750_000_060_000,
        reason: 'operator',
      },
      view: { phase: 'promoted', step: 2, weight: 60 },
    });
  });

  test('rolls it back', () => {
    const running = { state: { ...state, phase: 'progressing', step: 1, weight: 60 }, revision: 8 };
    expect(decide('rollback', { stored: running })).toMatchObject({
      replaces: 8,
      state: { phase: 'rolled_back', step: 1, weight: 0, reason: 'operator' },
    });
  });

  test.each([
    ['a route that is not there', { route: undefined }, 'canary_not_found'],
    ['a route without a canary', { route: other }, 'canary_not_found'],
    ['one that was not begun', { stored: undefined }, 'not_ready'],
  ])('is refused: %s', (_what, given, reason) => {
    expect(decide('promote', given)).toMatchObject({ outcome: 'refused', reason });
  });
});
