import type { TargetStatus, TargetsAnswer } from '@weir/contracts';
import { expect, test } from 'vitest';
import { countWhile } from './count-while.ts';

const targetOf = (pendingTokens: number, running: number, isReported = true): TargetStatus => ({
  upstream: 'gpu',
  target: 't0',
  address: 'http://t0',
  verdict: isReported ? 'admitted' : 'no_adapter',
  sentence: '',
  penalty: 1,
  load: { pendingTokens, running },
  adapters: isReported ? [{ instance: 'adapter-1', circuit: 'closed' }] : [],
});

const answerOf = (scheduler: string, ...targets: TargetStatus[]): TargetsAnswer => ({
  scheduler,
  targets,
  complete: true,
});

/** Answers them in turn, the last one for ever. */
const inTurn = (...answers: TargetsAnswer[]) => {
  let asked = 0;
  return async (): Promise<TargetsAnswer> => {
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (!answer) throw new Error('nobody answers');
    return answer;
  };
};

const busy = answerOf('s1', targetOf(700, 2), targetOf(0, 3));
const idle = answerOf('s1', targetOf(0, 0), targetOf(0, 0));

const work = async (): Promise<string> => 'done';

const count = (
  answers: readonly TargetsAnswer[],
  { schedulers = ['s1'], zeroWithinMs = 300 }: { schedulers?: string[]; zeroWithinMs?: number } = {},
) => countWhile({ read: inTurn(...answers), schedulers, zeroWithinMs }, work);

test('tells the most that was counted, and that it is 0 again', async () => {
  const { result, counted } = await count([busy, answerOf('s1', targetOf(0, 1)), idle]);
  expect(result).toBe('done');
  expect(counted).toMatchObject({ mostTokens: 700, mostAttempts: 3 });
  expect(counted.zeroAfterMs).toBeLessThan(5_000);
});

test('fails where something is counted for ever, and says what', async () => {
  await expect(count([busy])).rejects.toThrow(
    's1: t0 has 700 tokens, 2 attempts, t0 has 0 tokens, 3 attempts',
  );
});

test('fails where attempts alone are left', async () => {
  await expect(count([busy, answerOf('s1', targetOf(0, 1))])).rejects.toThrow('0 tokens, 1 attempts');
});

test('fails where the counters do not move', async () => {
  await expect(count([idle])).rejects.toThrow('no scheduler ever counted anything');
});

test('a worker that nobody reports is not at 0', async () => {
  await expect(count([busy, answerOf('s1', targetOf(0, 0, false))])).rejects.toThrow('t0 is not reported');
});

test('each scheduler has to say it', async () => {
  const schedulers = ['s1', 's2'];
  await expect(count([busy, idle], { schedulers })).rejects.toThrow('s2: it has not answered');
  const other = answerOf('s2', targetOf(0, 0));
  await expect(count([busy, other, idle], { schedulers })).resolves.toMatchObject({ result: 'done' });
});

test('work that fails fails as it did', async () => {
  const failing = countWhile({ read: inTurn(busy), schedulers: ['s1'] }, () =>
    Promise.reject(new Error('no load')),
  );
  await expect(failing).rejects.toThrow('no load');
});
