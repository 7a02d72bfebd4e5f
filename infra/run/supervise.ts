import { setTimeout as delay } from 'node:timers/promises';
import { describeExit, type Exit, type OwnedProcess } from './child-process.ts';

export interface Supervised {
  readonly name: string;
  /** Ends it for good. Resolves when it is gone. */
  readonly stop: (graceMs: number) => Promise<void>;
}

const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** Whoever has lived this long is healthy again: its next death is treated as its first. */
const healthyAfterMs = 30_000;

export const nextPauseMs = (previousPauseMs: number, livedMs: number): number =>
  livedMs >= healthyAfterMs || previousPauseMs === 0
    ? firstPauseMs
    : Math.min(longestPauseMs, previousPauseMs * 2);

/** Starts a process again whenever it dies, each time after a longer pause, and says so in one line. */
export const supervise = (input: {
  readonly name: string;
  readonly first: OwnedProcess;
  readonly again: () => Promise<OwnedProcess>;
  /** Asked at each death: whether it should be started again. */
  readonly isWanted: () => boolean;
  readonly report: (line: string) => void;
}): Supervised => {
  const stopping = new AbortController();
  let current = input.first;

  const pauseAfter = async (exit: Exit, pauseMs: number): Promise<void> => {
    input.report(`${input.name} ended with ${describeExit(exit)}; starting it again in ${pauseMs} ms`);
    await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
  };

  const watch = async (): Promise<void> => {
    let pauseMs = 0;
    while (!stopping.signal.aborted) {
      const startedAtMs = performance.now();
      const exit = await current.exited;
      if (stopping.signal.aborted || !input.isWanted()) return;
      pauseMs = nextPauseMs(pauseMs, performance.now() - startedAtMs);
      await pauseAfter(exit, pauseMs);
      if (stopping.signal.aborted) return;
      await input.again().then(
        (next) => {
          current = next;
        },
        (error: unknown) =>
          input.report(`${input.name}: ${error instanceof Error ? error.message : String(error)}`),
      );
    }
  };

  const watching = watch();
  return {
    name: input.name,
    stop: async (graceMs) => {
      stopping.abort();
      await current.stop(graceMs);
      await watching;
      // It may have been started again while it was told to stop.
      await current.stop(graceMs);
    },
  };
};
