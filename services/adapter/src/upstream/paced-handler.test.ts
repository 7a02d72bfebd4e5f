import type { Dispatcher } from 'undici';
import { expect, it } from 'vitest';
import { paceAnswer, turnBytes } from './paced-handler.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const start = () => {
  const inner = {
    aborted: false,
    paused: false,
    reason: null,
    abort: () => undefined,
    pause: () => {
      inner.paused = true;
    },
    resume: () => {
      inner.paused = false;
    },
  };
  let controller: Dispatcher.DispatchController | undefined;
  const handler = paceAnswer({
    onRequestStart: (given) => {
      controller = given;
    },
    onResponseError: () => undefined,
  });
  handler.onRequestStart?.(inner, {});
  const give = (bytes: number) => handler.onResponseData?.(inner, Buffer.alloc(bytes));
  return { inner, give, hold: () => controller?.pause(), free: () => controller?.resume() };
};

it('stops when an answer had its share of a turn, and goes on in the next', async () => {
  const { inner, give } = start();
  give(turnBytes - 1);
  expect(inner.paused).toBe(false);
  give(1);
  expect(inner.paused).toBe(true);
  await nextTurn();
  expect(inner.paused).toBe(false);
  give(turnBytes - 1);
  expect(inner.paused).toBe(false);
});

it('does not go on while the handler holds it up', async () => {
  const { inner, give, hold, free } = start();
  give(turnBytes);
  hold();
  await nextTurn();
  expect(inner.paused).toBe(true);
  free();
  expect(inner.paused).toBe(false);
});

it('does not go on within the turn when the handler lets it', async () => {
  const { inner, give, hold, free } = start();
  hold();
  give(turnBytes);
  free();
  expect(inner.paused).toBe(true);
  await nextTurn();
  expect(inner.paused).toBe(false);
});
