import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLifecycle } from './lifecycle.ts';

const createRecorder = () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const closed: string[] = [];
  const closer = (name: string) => async () => {
    closed.push(name);
  };
  return { lines, closed, closer, lifecycle: createLifecycle(logger) };
};

describe('lifecycle', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('closes phase by phase, and within a phase the last registered first', async () => {
    const { lifecycle, closed, closer } = createRecorder();
    lifecycle.onShutdown('final', 'log', closer('log'));
    lifecycle.onShutdown('disconnect', 'bus', closer('bus'));
    lifecycle.onShutdown('disconnect', 'watcher', closer('watcher'));
    lifecycle.onShutdown('stop-intake', 'listener', closer('listener'));
    lifecycle.onShutdown('drain', 'streams', closer('streams'));
    await lifecycle.shutdown();
    expect(closed).toEqual(['listener', 'streams', 'watcher', 'bus', 'log']);
  });

  it('waits for one closer before it begins the next', async () => {
    const { lifecycle, closed, closer } = createRecorder();
    const streams = Promise.withResolvers<void>();
    lifecycle.onShutdown('drain', 'streams', () => streams.promise);
    lifecycle.onShutdown('disconnect', 'bus', closer('bus'));
    const ended = lifecycle.shutdown();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(closed).toEqual([]);
    streams.resolve();
    await ended;
    expect(closed).toEqual(['bus']);
  });

  it('logs a closer that throws and goes on', async () => {
    const { lifecycle, closed, closer, lines } = createRecorder();
    lifecycle.onShutdown('drain', 'first', closer('first'));
    lifecycle.onShutdown('drain', 'broken', () => {
      throw new Error('broken pipe');
    });
    await lifecycle.shutdown();
    expect(closed).toEqual(['first']);
    expect(lines).toMatchObject([
      { msg: 'failed to close', closer: 'broken', phase: 'drain', err: { message: 'broken pipe' } },
    ]);
  });

  it('gives up on a closer after its own time and goes on', async () => {
    const { lifecycle, closed, closer, lines } = createRecorder();
    lifecycle.onShutdown('drain', 'stuck', () => new Promise(() => {}), 700);
    lifecycle.onShutdown('disconnect', 'bus', closer('bus'));
    const ended = lifecycle.shutdown();
    await vi.advanceTimersByTimeAsync(699);
    expect(closed).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await ended;
    expect(closed).toEqual(['bus']);
    expect(lines).toMatchObject([{ msg: 'did not close in time', closer: 'stuck', timeoutMs: 700 }]);
  });

  it('gives a closer five seconds when nothing else was said', async () => {
    const { lifecycle, closed, closer } = createRecorder();
    lifecycle.onShutdown('drain', 'stuck', () => new Promise(() => {}));
    lifecycle.onShutdown('disconnect', 'bus', closer('bus'));
    void lifecycle.shutdown();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(closed).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(closed).toEqual(['bus']);
  });

  it('leaves no timer behind', async () => {
    const { lifecycle, closer } = createRecorder();
    lifecycle.onShutdown('drain', 'streams', closer('streams'));
    await lifecycle.shutdown();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('runs once, however often it is asked', async () => {
    const { lifecycle, closed, closer } = createRecorder();
    lifecycle.onShutdown('drain', 'streams', closer('streams'));
    await Promise.all([lifecycle.shutdown(), lifecycle.shutdown()]);
    await lifecycle.shutdown();
    expect(closed).toEqual(['streams']);
  });

  it('aborts its signal before the first closer runs', async () => {
    const { lifecycle } = createRecorder();
    let aborted = false;
    lifecycle.onShutdown('stop-intake', 'look', () => {
      aborted = lifecycle.stopSignal.aborted;
    });
    expect(lifecycle.stopSignal.aborted).toBe(false);
    await lifecycle.shutdown();
    expect(aborted).toBe(true);
  });

  it('closes at once what is registered after its phase, and waits for it', async () => {
    const { lifecycle, closed, closer } = createRecorder();
    lifecycle.onShutdown('disconnect', 'bus', () => {
      lifecycle.onShutdown('drain', 'late streams', closer('late streams'));
      lifecycle.onShutdown('final', 'log', closer('log'));
    });
    await lifecycle.shutdown();
    expect(closed).toEqual(['late streams', 'log']);
  });

  it('remembers the failure that began a shut-down, and only that', async () => {
    const { lifecycle } = createRecorder();
    lifecycle.fail(new Error('the bus is gone'));
    lifecycle.fail(new Error('another'));
    await lifecycle.ended;
    expect(lifecycle.failure?.message).toBe('the bus is gone');
  });

  it('does not count a failure that the shut-down itself brings about', async () => {
    const { lifecycle } = createRecorder();
    lifecycle.onShutdown('disconnect', 'bus', () => lifecycle.fail(new Error('closed')));
    await lifecycle.shutdown();
    expect(lifecycle.failure).toBeUndefined();
  });
});
