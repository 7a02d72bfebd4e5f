import type { CanaryState, OutcomeReport, WeirConfig } from '@weir/contracts';
import { canaryRevision } from '@weir/routing';
import { expect, test } from 'vitest';
import { configOf } from '../../testdata/config-of.ts';
import { type CanaryBoard, createCanaryBoard } from './canary-board.ts';

const upstream = { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] };

const configWith = (...weights: readonly number[]): WeirConfig => {
  const steps = weights.map((weight) => ({ weight, holdMs: 1_000 }));
  const canary = { stable: 'v1', canary: 'v2', steps, rollback: { minRequests: 10, errorRate: 0.2 } };
  const config = configOf({
    upstreams: { v1: upstream, v2: upstream },
    routes: [{ name: 'chat', match: { path: '/chat' }, ...(weights.length > 0 ? { canary } : {}) }],
  });
  return config;
};

const config = configWith(5, 50);
const revisionOf = (given: WeirConfig): string => {
  const canary = given.routes[0]?.canary;
  if (!canary) throw new Error('no canary');
  return canaryRevision(canary);
};

const reportOf = (answers: number, failures = 0, revision = revisionOf(config)): OutcomeReport => ({
  v: 1,
  instance: 'adapter-1',
  epoch: 1,
  counts: [{ route: 'chat', revision, answers, failures, firstBytes: answers, slow: 0 }],
});

/** Stores what the board decides, as whoever holds the lease does. */
const createStore = (boards: readonly CanaryBoard[]) => {
  let stored: { readonly value: string; readonly revision: number } | undefined;
  const put = (next: CanaryState, replaces: number): boolean => {
    if ((stored?.revision ?? 0) !== replaces) return false;
    stored = { value: JSON.stringify(next), revision: replaces + 1 };
    for (const board of boards) board.learn('chat', stored.value, stored.revision);
    return true;
  };
  return {
    put,
    tick: (board: CanaryBoard, now: number): number => {
      const decisions = board.decide(now);
      return decisions.filter(({ next, replaces }) => put(next, replaces)).length;
    },
    load: (board: CanaryBoard): void => {
      board.learn('chat', stored?.value, stored?.revision ?? 0);
    },
  };
};

const open = (given = config): CanaryBoard => {
  const board = createCanaryBoard();
  board.configure(given);
  return board;
};

test('a canary gets nothing before its first step is stored, nor after its configuration changed', () => {
  const board = open();
  const store = createStore([board]);
  expect(board.weightOf('chat')).toBe(0);
  store.tick(board, 0);
  expect(board.weightOf('chat')).toBe(5);
  board.configure(configWith(7, 50));
  expect(board.weightOf('chat')).toBe(0);
  store.tick(board, 100);
  expect(board.weightOf('chat')).toBe(7);
  board.configure(configWith());
  expect([board.size, board.weightOf('chat'), board.decide(9_000)]).toEqual([0, 0, []]);
});

test('of two that judge at once one is heard, and the other one learns of it', () => {
  const boards = [open(), open()];
  const store = createStore(boards);
  const [one, other] = boards.map((board) => board.decide(0));
  expect(one?.map(({ next, replaces }) => store.put(next, replaces))).toEqual([true]);
  expect(other?.map(({ next, replaces }) => store.put(next, replaces))).toEqual([false]);
  expect(boards.map((board) => board.decide(10))).toEqual([[], []]);
});

test('who takes over goes on from the step that is stored, with what it has heard itself', () => {
  const boards = [open(), open()];
  const [first = open(), second = open()] = boards;
  const store = createStore(boards);
  store.tick(first, 0);
  for (const board of boards) board.hear(reportOf(0), 10);
  for (const board of boards) board.hear(reportOf(12), 500);
  expect(store.tick(second, 999)).toBe(0);
  expect(store.tick(second, 1_000)).toBe(1);
  expect(boards.map((board) => board.weightOf('chat'))).toEqual([50, 50]);
  const third = open();
  store.load(third);
  expect(third.weightOf('chat')).toBe(50);
  expect(third.decide(1_500)).toEqual([]);
  // It has to see enough of it first.
  third.hear(reportOf(12), 2_000);
  expect(third.decide(9_000)).toEqual([]);
  third.hear(reportOf(22), 9_000);
  expect(third.decide(9_000)).toMatchObject([{ next: { phase: 'promoted', weight: 50 } }]);
});

test('failures roll it back, and then it stays away', () => {
  const board = open();
  const store = createStore([board]);
  store.tick(board, 0);
  board.hear(reportOf(0), 0);
  board.hear(reportOf(10, 3), 100);
  store.tick(board, 200);
  expect(board.weightOf('chat')).toBe(0);
  board.hear(reportOf(1_000, 3), 300);
  expect(store.tick(board, 90_000)).toBe(0);
  expect([...board.weights()]).toEqual([['chat', 0]]);
});

test('what was counted under another configuration says nothing', () => {
  const board = open();
  const store = createStore([board]);
  store.tick(board, 0);
  board.hear(reportOf(0, 0, 'ffffffffffffffff'), 0);
  board.hear(reportOf(50, 50, 'ffffffffffffffff'), 10);
  expect(board.decide(20)).toEqual([]);
});

test('an entry that cannot be read is written over, a deleted one begins anew', () => {
  const board = open();
  expect(board.learn('chat', '{"v":2}', 3)).toBe('unreadable');
  expect(board.decide(0)).toMatchObject([{ replaces: 3, next: { step: 0 } }]);
  expect(board.learn('chat', undefined, 4)).toBeUndefined();
  expect(board.decide(0)).toMatchObject([{ replaces: 4, next: { step: 0 } }]);
});
