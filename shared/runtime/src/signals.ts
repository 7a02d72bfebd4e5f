export type StopSignal = 'SIGINT' | 'SIGTERM';

/** What a shell reports for a process that died of the signal: 128 + its number. */
const exitCodes: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Ctrl-C reaches every process of the terminal, and a parent such as npm passes it on once more:
 * what follows this closely is the same wish.
 */
const echoWindowMs = 300;

export interface SignalReactions {
  readonly stop: (signal: StopSignal) => void;
  readonly exitNow: (signal: StopSignal, exitCode: number) => void;
}

export const createSignalListener = ({ stop, exitNow }: SignalReactions, now: () => number) => {
  let stoppedAtMs: number | undefined;
  return (signal: StopSignal): void => {
    if (stoppedAtMs === undefined) {
      stoppedAtMs = now();
      stop(signal);
    } else if (now() - stoppedAtMs > echoWindowMs) {
      exitNow(signal, exitCodes[signal]);
    }
  };
};

export const listenToSignals = (reactions: SignalReactions): void => {
  const listener = createSignalListener(reactions, () => performance.now());
  process.on('SIGINT', () => listener('SIGINT'));
  process.on('SIGTERM', () => listener('SIGTERM'));
};
