import { expect, it } from 'vitest';
import { createConfigWait } from './config-wait.ts';

const graceMs = 3_000;

/** The time passes when the test says so. */
const start = (published = false) => {
  const listeners: (() => void)[] = [];
  const pauses: number[] = [];
  let pass = (): void => undefined;
  const wait = createConfigWait({
    config: {
      onChange: (listener) => {
        listeners.push(listener);
        if (published) listener();
      },
    },
    graceMs,
    pause: (pauseMs, signal) => {
      pauses.push(pauseMs);
      return new Promise((resolve) => {
        pass = resolve;
        signal.addEventListener('abort', () => resolve());
      });
    },
  });
  const publish = (): void => {
    for (const listener of listeners) listener();
  };
  return { wait, publish, pass: () => pass(), listeners, pauses };
};

const { signal } = new AbortController();

it('does not wait for a configuration that is there', async () => {
  const { wait, pauses } = start(true);
  await wait(signal);
  expect(pauses).toEqual([]);
});

it('says nothing of one that comes within the grace time', async () => {
  const { wait, publish, pauses } = start();
  const waiting = wait(signal);
  publish();
  await waiting;
  expect(pauses).toEqual([graceMs]);
});

it('says so where none has come in that time, each time, and waits no more once one has', async () => {
  const { wait, publish, pass, listeners, pauses } = start();
  for (let turn = 0; turn < 2; turn += 1) {
    const waiting = wait(signal);
    pass();
    await expect(waiting).rejects.toThrow('no configuration has been published yet');
  }
  expect(listeners).toHaveLength(1);
  publish();
  await wait(signal);
  expect(pauses).toEqual([graceMs, graceMs]);
});

it('is no trouble to who is told to stop', async () => {
  const stopping = new AbortController();
  const waiting = start().wait(stopping.signal);
  stopping.abort();
  await waiting;
});
