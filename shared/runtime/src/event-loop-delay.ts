import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface EventLoopDelay {
  /** Seconds; the longest time that the loop came late since the last call. */
  readonly takeMaxSeconds: () => number;
  readonly close: () => void;
}

/** Costs half a percent of one core at 5 ms; a coarser timer misses the blocks of 20 ms that matter. */
const resolutionMs = 5;

export const watchEventLoopDelay = (): EventLoopDelay => {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return {
    takeMaxSeconds: () => {
      // The histogram records the time between two ticks, so an idle loop shows the resolution itself.
      const maxSeconds = Math.max(0, histogram.max / 1e9 - resolutionMs / 1e3);
      histogram.reset();
      return maxSeconds;
    },
    close: () => {
      histogram.disable();
    },
  };
};
