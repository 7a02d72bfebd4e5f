import type { SchedulerMetrics } from '../scheduler-metrics.ts';

const nothing = (): void => undefined;

/** Metrics that nobody reads, but for those that the test gives. */
export const quietMetrics = (given: Partial<SchedulerMetrics> = {}): SchedulerMetrics => ({
  countDecision: nothing,
  countFallback: nothing,
  countRetry: nothing,
  countBadReport: nothing,
  countBadGossip: nothing,
  countGossip: nothing,
  observeWait: nothing,
  setUnheardPools: nothing,
  observeHop: nothing,
  ...given,
});
