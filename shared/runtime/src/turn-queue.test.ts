import { describe, expect, it } from 'vitest';
import { createTurnQueue } from './turn-queue.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a turn queue', () => {
  it('does nothing at once, then a share in each turn, in order', async () => {
    const done: number[] = [];
    const queue = createTurnQueue({ perTurn: 2, onError: () => undefined });
    for (const number of [1, 2, 3, 4, 5]) queue.add(() => done.push(number));
    expect([done.length, queue.size]).toEqual([0, 5]);
    await nextTurn();
    expect(done).toEqual([1, 2]);
    await nextTurn();
    await nextTurn();
    expect([done, queue.size]).toEqual([[1, 2, 3, 4, 5], 0]);
  });

  it('goes on behind work that throws', async () => {
    const errors: unknown[] = [];
    const done: string[] = [];
    const queue = createTurnQueue({ perTurn: 8, onError: (error) => errors.push(error) });
    queue.add(() => {
      throw new Error('broken');
    });
    queue.add(() => done.push('next'));
    await nextTurn();
    expect([errors.length, done]).toEqual([1, ['next']]);
  });

  it('takes work that is added while it works', async () => {
    const done: string[] = [];
    const queue = createTurnQueue({ perTurn: 1, onError: () => undefined });
    queue.add(() => queue.add(() => done.push('later')));
    await nextTurn();
    await nextTurn();
    expect(done).toEqual(['later']);
  });
});
