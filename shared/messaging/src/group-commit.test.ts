import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CommitResult, createGroupCommit, type GroupCommitOptions } from './group-commit.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A store whose writes end when the test says so. */
const open = (limits: Partial<GroupCommitOptions<number>> = {}) => {
  const writes: { batch: readonly number[]; succeed(): Promise<void>; fail(): Promise<void> }[] = [];
  const retries: unknown[] = [];
  const settled = () => vi.advanceTimersByTimeAsync(0);
  const group = createGroupCommit<number>({
    write: (batch) =>
      new Promise((resolve, reject) => {
        writes.push({
          batch: [...batch],
          succeed: () => {
            resolve();
            return settled().then(() => undefined);
          },
          fail: () => {
            reject(new Error('not acknowledged'));
            return vi.advanceTimersByTimeAsync(250).then(() => undefined);
          },
        });
      }),
    sizeOf: () => 1,
    maxBatchEntries: 3,
    maxBatchBytes: 100,
    maxWaitingEntries: 10,
    retryDelayMs: 250,
    lazyDelayMs: 20,
    crowd: 2,
    gatherMs: 0,
    sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
    onRetry: (error) => retries.push(error),
    ...limits,
  });
  /** For entries whose fate the test reads off the batches. */
  const add = (entry: number, urgent: boolean): void => {
    group.add(entry, urgent).catch(expect.fail);
  };
  const batches = () => writes.map(({ batch }) => batch);
  return { group, add, writes, batches, retries, settled };
};

const committed: CommitResult = { outcome: 'committed' };

describe('an urgent entry', () => {
  it('that is alone is written at once', async () => {
    const { group, writes, batches, settled } = open();
    const result = group.add(1, true);
    await settled();
    expect(batches()).toEqual([[1]]);
    await writes[0]?.succeed();
    expect(await result).toEqual(committed);
  });

  it('takes along what was added in the same tick', async () => {
    const { add, batches, settled } = open();
    add(1, false);
    add(2, true);
    add(3, true);
    await settled();
    expect(batches()).toEqual([[1, 2, 3]]);
  });

  it('that comes during a write goes into the next batch', async () => {
    const { add, writes, batches, settled } = open();
    add(1, true);
    await settled();
    add(2, true);
    add(3, false);
    await settled();
    expect(batches()).toEqual([[1]]);
    await writes[0]?.succeed();
    expect(batches()).toEqual([[1], [2, 3]]);
  });
});

it('an entry that is not urgent waits for company, but not for long', async () => {
  const { add, batches } = open();
  add(1, false);
  await vi.advanceTimersByTimeAsync(19);
  add(2, false);
  expect(batches()).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(batches()).toEqual([[1, 2]]);
});

it('after a crowd the next batch gathers for a moment, after a lone entry it does not', async () => {
  const { add, writes, batches, settled } = open({ gatherMs: 5 });
  add(1, true);
  add(2, true);
  await settled();
  await writes[0]?.succeed();
  add(3, true);
  await vi.advanceTimersByTimeAsync(4);
  expect(batches()).toEqual([[1, 2]]);
  await vi.advanceTimersByTimeAsync(1);
  expect(batches()).toEqual([[1, 2], [3]]);
  await writes[1]?.succeed();
  add(4, true);
  await settled();
  expect(batches()).toEqual([[1, 2], [3], [4]]);
});

it('one urgent entry is no crowd, whatever else travels with it', async () => {
  const { add, writes, batches, settled } = open({ gatherMs: 5 });
  add(1, false);
  add(2, false);
  add(3, true);
  await settled();
  await writes[0]?.succeed();
  add(4, true);
  await settled();
  expect(batches()).toEqual([[1, 2, 3], [4]]);
});

describe('a write whose outcome is not known', () => {
  it('is repeated with the same entries until it is, and nothing overtakes it', async () => {
    const { group, add, writes, batches, retries, settled } = open();
    const first = group.add(1, true);
    await settled();
    add(2, true);
    await writes[0]?.fail();
    await writes[1]?.fail();
    expect(batches()).toEqual([[1], [1], [1]]);
    expect(retries).toHaveLength(2);
    await writes[2]?.succeed();
    expect(await first).toEqual(committed);
    expect(batches()).toEqual([[1], [1], [1], [2]]);
  });
});

describe('bounds', () => {
  it('a batch has no more entries and no more bytes than it may', async () => {
    const { add, writes, batches, settled } = open({ sizeOf: (entry) => entry, maxBatchBytes: 10 });
    for (const entry of [4, 6, 1, 1, 1, 1]) add(entry, true);
    await settled();
    await writes[0]?.succeed();
    await writes[1]?.succeed();
    expect(batches()).toEqual([[4, 6], [1, 1, 1], [1]]);
  });

  it('an entry larger than a batch goes alone', async () => {
    const { add, writes, batches, settled } = open({ sizeOf: (entry) => entry, maxBatchBytes: 10 });
    for (const entry of [99, 1]) add(entry, true);
    await settled();
    await writes[0]?.succeed();
    expect(batches()).toEqual([[99], [1]]);
  });

  it('an entry above what may wait is refused at once, and the others are not', async () => {
    const { group, add, settled } = open({ maxWaitingEntries: 2 });
    add(1, true);
    add(2, true);
    expect(await group.add(3, true)).toMatchObject({ outcome: 'refused' });
    await settled();
    expect(group.pending).toBe(2);
    add(4, true);
    expect(group.pending).toBe(3);
  });
});

describe('idle', () => {
  it('is at once where nothing waits', async () => {
    await open().group.idle();
  });

  it('hurries what is not urgent, and waits for all of it', async () => {
    const { group, add, writes, batches, settled } = open();
    add(1, false);
    let idle = false;
    const waiting = group.idle().then(() => {
      idle = true;
    });
    await settled();
    expect(batches()).toEqual([[1]]);
    add(2, false);
    await writes[0]?.succeed();
    expect([idle, batches()]).toEqual([false, [[1], [2]]]);
    await writes[1]?.succeed();
    await waiting;
    expect(group.pending).toBe(0);
  });

  it('comes also to one who asks in the moment of the last commit', async () => {
    const { group, writes, settled } = open();
    const asked = group.add(1, true).then(() => group.idle());
    await settled();
    await writes[0]?.succeed();
    await asked;
  });
});

it('every entry is committed exactly once and in order, or refused, whatever fails in between', async () => {
  const anyStep = fc.oneof(
    { weight: 4, arbitrary: fc.record({ act: fc.constant('add' as const), urgent: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ act: fc.constantFrom('succeed' as const, 'fail' as const) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('wait' as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
      const { group, writes, settled } = open();
      const stored: number[] = [];
      const results: (CommitResult | undefined)[] = [];
      let answered = 0;
      const answer = async (how: 'succeed' | 'fail') => {
        const write = writes[answered];
        if (!write) return;
        answered += 1;
        if (how === 'succeed') stored.push(...write.batch);
        await write[how]();
      };
      for (const step of steps) {
        if (step.act === 'add') {
          const entry = results.push(undefined) - 1;
          group.add(entry, step.urgent).then((result) => {
            results[entry] = result;
          }, expect.fail);
        } else if (step.act === 'wait') await vi.advanceTimersByTimeAsync(20);
        else await answer(step.act);
      }
      const idle = group.idle();
      await settled();
      while (answered < writes.length) await answer('succeed');
      await idle;
      await settled();
      const kept = results.flatMap((result, entry) => (result?.outcome === 'committed' ? [entry] : []));
      expect(stored).toEqual(kept);
      expect(results.every((result) => result !== undefined)).toBe(true);
    }),
    { numRuns: 60 },
  );
});
