export interface ConfigWaitOptions {
  /** Its listener is called at once where there is one. */
  readonly config: { readonly onChange: (listener: () => void) => void };
  /** Services start all at once, and who publishes it may be the last: only what lasts longer is trouble. */
  readonly graceMs: number;
  /** Resolves after the time, or as soon as the signal is aborted. */
  readonly pause: (pauseMs: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Resolves as soon as there is a configuration, or the signal is aborted.
 * @throws where none is published within the grace time.
 */
export const createConfigWait = ({ config, graceMs, pause }: ConfigWaitOptions) => {
  const configured = new AbortController();
  // Once for all waits: nobody can be taken off the listeners.
  config.onChange(() => configured.abort());
  return async (signal: AbortSignal): Promise<void> => {
    const over = AbortSignal.any([signal, configured.signal]);
    if (!over.aborted) await pause(graceMs, over);
    if (!over.aborted) throw new Error('no configuration has been published yet');
  };
};
