import { setTimeout as delay } from 'node:timers/promises';
import type { LogTail } from '@weir/messaging';

export interface Following {
  /** True, or why nothing is being read at the moment. */
  status(): true | string;
  stop(): Promise<void>;
}

export interface FollowInput {
  /** Begins to follow from wherever it is to go on. `onEnd` is told when that has ended, and why. */
  readonly start: (onEnd: (error: Error) => void) => Promise<LogTail>;
  readonly onTrouble: (error: unknown, pauseMs: number) => void;
}

const firstPauseMs = 250;
const longestPauseMs = 10_000;

/** Keeps following a log: begins again, after growing pauses, whenever it cannot be read. */
export const keepFollowing = (input: FollowInput): Following => {
  const stopping = new AbortController();
  let tail: LogTail | undefined;
  let trouble = 'it has not been read yet';

  /** Rejects when it is cut short, which is no different from being over. */
  const pause = (pauseMs: number): Promise<void> =>
    delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);

  const followOnce = async (): Promise<Error | undefined> => {
    const ended = Promise.withResolvers<Error | undefined>();
    const stop = (): void => ended.resolve(undefined);
    stopping.signal.addEventListener('abort', stop);
    try {
      tail = await input.start(ended.resolve);
      return await ended.promise;
    } finally {
      stopping.signal.removeEventListener('abort', stop);
    }
  };

  const follow = async (): Promise<void> => {
    let pauseMs = firstPauseMs;
    while (!stopping.signal.aborted) {
      const error = await followOnce().catch((thrown: unknown) => thrown);
      const position = tail?.position;
      await tail?.stop();
      tail = undefined;
      if (error === undefined || stopping.signal.aborted) return;
      trouble = error instanceof Error ? error.message : String(error);
      input.onTrouble(error, pauseMs);
      await pause(pauseMs);
      pauseMs = position === undefined ? Math.min(longestPauseMs, pauseMs * 2) : firstPauseMs;
    }
  };

  const following = follow();
  return {
    status: () => tail?.status() ?? trouble,
    stop: async () => {
      stopping.abort();
      await following;
    },
  };
};
