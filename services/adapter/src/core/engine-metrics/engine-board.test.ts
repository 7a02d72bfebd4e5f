import { expect, it } from 'vitest';
import { createEngineBoard } from './engine-board.ts';

const load = { engine: 'vllm', running: 1 } as const;

it('knows what an engine said until it is too old', () => {
  const board = createEngineBoard();
  expect(board.of('p/t0', 0)).toBeUndefined();
  board.note('p/t0', load, 1_000);
  expect(board.of('p/t0', 999)).toBe(load);
  expect(board.of('p/t0', 1_000)).toBeUndefined();
  expect(board.of('p/t1', 0)).toBeUndefined();
});

it('forgets targets that are gone', () => {
  const board = createEngineBoard();
  board.note('p/t0', load, 1_000);
  board.note('p/t1', load, 1_000);
  board.keep(new Set(['p/t1']));
  expect([board.of('p/t0', 0), board.of('p/t1', 0)]).toEqual([undefined, load]);
});
