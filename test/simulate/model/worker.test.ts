import { expect, test } from 'vitest';
import { engineProfiles } from '../../../services/simulator/src/core/engine/profiles.ts';
import { createRandom } from '../../../services/simulator/src/core/seeded-random.ts';
import { createEventQueue } from './event-queue.ts';
import { Worker } from './worker.ts';

/** What a worker reports after it has read forty prompts, ten at a time. */
const paceAfterWork = ({ speed = 1, tellsPace = true }: { speed?: number; tellsPace?: boolean }) => {
  const queue = createEventQueue();
  const random = createRandom(1);
  const profile = engineProfiles['8b-h100'];
  const worker = new Worker({ name: 'w', queue, profile, speed, random, tellsPace });
  const ignore = (): void => undefined;
  for (let id = 1; id <= 40; id += 1) {
    const request = { id, at: 0, promptTokens: 2_000, outputTokens: 4 };
    const run = { id, request, scheduler: 's', dispatch: id, firstToken: ignore, finished: ignore };
    queue.at(Math.floor((id - 1) / 10) * 5_000, () => worker.take({ ...run, refused: ignore }));
  }
  queue.runAll();
  const [load] = worker.report().targets;
  return { rate: load?.prefillTokensPerSecond ?? 0, firstByteMs: load?.firstByteMs ?? 0, load };
};

test('it reports the pace that its adapter measures', () => {
  const { rate, firstByteMs } = paceAfterWork({});
  // 0.055 ms a token and 6 ms a step of 2,048 are 17,300 a second. Prompts end where steps do, and not where they are read.
  expect(rate).toBeGreaterThan(15_500);
  expect(rate).toBeLessThan(19_000);
  // The last of ten waits for all.
  expect(firstByteMs).toBeGreaterThan(1_000);
  const slow = paceAfterWork({ speed: 0.5 });
  expect(slow.rate / rate).toBeCloseTo(0.5, 1);
  expect(slow.firstByteMs / firstByteMs).toBeGreaterThan(1.5);
});

test('it may keep its pace to itself', () => {
  const { load } = paceAfterWork({ tellsPace: false });
  expect(load).toMatchObject({ pendingTokens: 0, running: 0 });
  expect(load).not.toHaveProperty('prefillTokensPerSecond');
  expect(load).not.toHaveProperty('firstByteMs');
});
