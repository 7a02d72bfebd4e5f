/** Follows a stream; `onEnd` is told when it does so no longer, with the reason. */
export type Follow = (onEnd: (error: unknown) => void) => Promise<{ stop(): Promise<void> }>;

export interface UsageTail {
  /** True, or why nothing is being followed. */
  status(): true | string;
  /** Ends the tail for good. Resolves when nothing more will be handed over. */
  stop(): Promise<void>;
}

export interface UsageTailOptions {
  readonly follow: Follow;
  readonly onTrouble: (error: unknown, pauseMs: number) => void;
  /** Resolves after the time, or as soon as the signal is aborted. */
  readonly pause: (pauseMs: number, signal: AbortSignal) => Promise<void>;
}

const firstPauseMs = 250;
const longestPauseMs = 5_000;

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Keeps following: JetStream may come later than this process, and streams and consumers may vanish. */
export const startUsageTail = ({ follow, onTrouble, pause }: UsageTailOptions): UsageTail => {
  const stopping = new AbortController();
  const { signal } = stopping;
  let status: true | string = 'not followed yet';

  const followOnce = async (): Promise<void> => {
    const ended = Promise.withResolvers<unknown>();
    const following = await follow(ended.resolve);
    const endQuietly = () => ended.resolve(undefined);
    if (signal.aborted) endQuietly();
    signal.addEventListener('abort', endQuietly, { once: true });
    status = true;
    const error = await ended.promise;
    signal.removeEventListener('abort', endQuietly);
    await following.stop();
    if (!signal.aborted) throw error;
  };

  const run = async (): Promise<void> => {
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      try {
        await followOnce();
      } catch (error) {
        if (status === true) pauseMs = firstPauseMs;
        status = describe(error);
        onTrouble(error, pauseMs);
        await pause(pauseMs, signal);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    }
  };

  const running = run();
  return {
    status: () => status,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
