import { describe, expect, it } from 'vitest';
import { createSignalListener } from './signals.ts';

const createListener = () => {
  const seen: string[] = [];
  const clock = { nowMs: 1_000 };
  const listener = createSignalListener(
    {
      stop: (signal) => seen.push(`stop on ${signal}`),
      exitNow: (signal, exitCode) => seen.push(`exit on ${signal} with ${exitCode}`),
    },
    () => clock.nowMs,
  );
  return { seen, clock, listener };
};

describe('signals', () => {
  it('stops gracefully on the first and exits at once on the second', () => {
    const { seen, clock, listener } = createListener();
    listener('SIGINT');
    clock.nowMs += 2_000;
    listener('SIGINT');
    expect(seen).toEqual(['stop on SIGINT', 'exit on SIGINT with 130']);
  });

  it('reports the signal that forced the exit', () => {
    const { seen, clock, listener } = createListener();
    listener('SIGINT');
    clock.nowMs += 2_000;
    listener('SIGTERM');
    expect(seen).toEqual(['stop on SIGINT', 'exit on SIGTERM with 143']);
  });

  it('takes the echo of the first from a parent for the same wish', () => {
    const { seen, clock, listener } = createListener();
    listener('SIGINT');
    clock.nowMs += 20;
    listener('SIGTERM');
    expect(seen).toEqual(['stop on SIGINT']);
  });
});
