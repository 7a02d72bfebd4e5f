import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { gatherTurn } from './gather-turn.ts';

describe('what one turn asks for', () => {
  it('is asked for together, in order, and the next turn on its own', async () => {
    const asked: (readonly number[])[] = [];
    const double = gatherTurn(async (some: readonly number[]) => {
      asked.push(some);
      return some.map((one) => 2 * one);
    }, 10);
    const first = Promise.all([double(1), double(2)]);
    await nextTurn();
    expect(await Promise.all([first, double(3)])).toEqual([[2, 4], 6]);
    expect(asked).toEqual([[1, 2], [3]]);
  });

  it('is asked for in parts where it is more than one call takes', async () => {
    const sizes: number[] = [];
    const same = gatherTurn(async (some: readonly number[]) => {
      sizes.push(some.length);
      return some;
    }, 4);
    const numbers = Array.from({ length: 10 }, (_, index) => index);
    expect(await Promise.all(numbers.map(same))).toEqual(numbers);
    expect(sizes).toEqual([4, 4, 2]);
  });

  it('fails for those of the call that failed alone', async () => {
    const refuseOdd = gatherTurn(async (some: readonly number[]) => {
      if (some[0] === 1) throw new Error('odd');
      return some;
    }, 1);
    const [one, two] = await Promise.allSettled([refuseOdd(1), refuseOdd(2)]);
    expect(one).toMatchObject({ status: 'rejected', reason: new Error('odd') });
    expect(two).toEqual({ status: 'fulfilled', value: 2 });
  });

  it('leaves nobody waiting when an answer is missing', async () => {
    const none = gatherTurn(async (_some: readonly number[]) => [], 10);
    await expect(none(1)).rejects.toThrow('1 were asked for, and 0 answered');
  });
});
