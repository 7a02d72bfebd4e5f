import { expect, test, vi } from 'vitest';
import { startUsageTail } from './usage-tail.ts';

const createFollow = (failures: number) => {
  const calls: { end: (error: unknown) => void; stopped: boolean }[] = [];
  let left = failures;
  const follow = async (onEnd: (error: unknown) => void) => {
    left -= 1;
    if (left >= 0) throw new Error('no JetStream');
    const call = { end: onEnd, stopped: false };
    calls.push(call);
    return {
      stop: async () => {
        call.stopped = true;
      },
    };
  };
  return { calls, follow };
};

test('it says why it does not follow, tries again later each time, and is well once it follows', async () => {
  const { follow } = createFollow(3);
  const pauses: number[] = [];
  const pause = vi.fn(async (pauseMs: number) => {
    expect(tail.status()).toBe('no JetStream');
    pauses.push(pauseMs);
  });
  const tail = startUsageTail({ follow, onTrouble: () => undefined, pause });
  await vi.waitFor(() => expect(tail.status()).toBe(true));
  expect(pauses).toEqual([250, 500, 1_000]);
  await tail.stop();
});

test('a tail that broke off is stopped and followed anew', async () => {
  const { follow, calls } = createFollow(0);
  const troubles: unknown[] = [];
  const tail = startUsageTail({
    follow,
    onTrouble: (error) => troubles.push(error),
    pause: async () => undefined,
  });
  await vi.waitFor(() => expect(calls).toHaveLength(1));
  calls[0]?.end(new Error('consumer deleted'));
  await vi.waitFor(() => expect(calls).toHaveLength(2));
  expect(calls[0]?.stopped).toBe(true);
  expect(troubles).toMatchObject([{ message: 'consumer deleted' }]);
  await tail.stop();
  expect(calls[1]?.stopped).toBe(true);
});

test('it can be stopped while it pauses', async () => {
  const { follow } = createFollow(1);
  const tail = startUsageTail({
    follow,
    onTrouble: () => undefined,
    pause: (_pauseMs, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
  });
  await vi.waitFor(() => expect(tail.status()).toBe('no JetStream'));
  await tail.stop();
});
