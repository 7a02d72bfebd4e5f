import type { Logger } from './logger.ts';

export const shutdownPhases = ['stop-intake', 'drain', 'disconnect', 'final'] as const;
export type ShutdownPhase = (typeof shutdownPhases)[number];

/** The order in which a service lets go of what it holds. */
export interface Lifecycle {
  /** Aborted as soon as the shut-down begins, before the first phase. */
  readonly stopSignal: AbortSignal;
  /**
   * Phases run in the order of `shutdownPhases`, the closers of a phase one after the other, the last
   * registered first. One that throws or takes longer than `timeoutMs` (default 5 s) is logged and left behind.
   * One registered when its phase has passed runs at once.
   */
  onShutdown(phase: ShutdownPhase, name: string, close: () => unknown, timeoutMs?: number): void;
  /** For a service that cannot go on: shuts down, and the process ends as failed. Ignored once the shut-down has begun. */
  fail(error: Error): void;
  readonly failure: Error | undefined;
  /** Runs all phases once; every call returns the same promise, which never rejects. */
  shutdown(): Promise<void>;
  /** Resolves at the end of the shut-down, whoever asked for it. */
  readonly ended: Promise<void>;
}

interface Closer {
  readonly phase: ShutdownPhase;
  readonly name: string;
  readonly close: () => unknown;
  readonly timeoutMs: number;
}

const defaultTimeoutMs = 5_000;

const runCloser = async (closer: Closer, logger: Logger): Promise<void> => {
  const late = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late.resolve('late'), closer.timeoutMs);
  const { phase, name, timeoutMs } = closer;
  try {
    const result = await Promise.race([(async () => closer.close())(), late.promise]);
    if (result === 'late') logger.warn({ phase, closer: name, timeoutMs }, 'did not close in time');
  } catch (error) {
    logger.warn({ phase, closer: name, err: error }, 'failed to close');
  } finally {
    clearTimeout(timer);
  }
};

export const createLifecycle = (logger: Logger): Lifecycle => {
  const closers = new Map<ShutdownPhase, Closer[]>(shutdownPhases.map((phase) => [phase, []]));
  const ended = Promise.withResolvers<void>();
  const stragglers: Promise<void>[] = [];
  const passed = new Set<ShutdownPhase>();
  const stopping = new AbortController();
  let failure: Error | undefined;

  const runPhase = async (phase: ShutdownPhase): Promise<void> => {
    const waiting = closers.get(phase) ?? [];
    for (let closer = waiting.pop(); closer !== undefined; closer = waiting.pop()) {
      await runCloser(closer, logger);
    }
    passed.add(phase);
  };

  const runPhases = async (): Promise<void> => {
    for (const phase of shutdownPhases) await runPhase(phase);
    await Promise.all(stragglers);
    ended.resolve();
  };

  const shutdown = (): Promise<void> => {
    if (!stopping.signal.aborted) {
      stopping.abort();
      void runPhases();
    }
    return ended.promise;
  };

  return {
    stopSignal: stopping.signal,
    get failure() {
      return failure;
    },
    fail: (error) => {
      if (stopping.signal.aborted) return;
      failure = error;
      logger.fatal({ err: error }, 'the service cannot go on');
      void shutdown();
    },
    onShutdown: (phase, name, close, timeoutMs = defaultTimeoutMs) => {
      const closer: Closer = { phase, name, close, timeoutMs };
      if (passed.has(phase)) stragglers.push(runCloser(closer, logger));
      else closers.get(phase)?.push(closer);
    },
    shutdown,
    ended: ended.promise,
  };
};
