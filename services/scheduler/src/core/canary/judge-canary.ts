import type { CanaryOutcomes, CanaryReason, CanaryRollbackConfig } from '@weir/contracts';

/** Why a canary has to go; undefined: nothing is known against it. */
export const judgeCanary = (
  { errorRate, latencyMs, latencyQuantile, minRequests }: CanaryRollbackConfig,
  { answers, failures, firstBytes, slow }: CanaryOutcomes,
): CanaryReason | undefined => {
  if (answers >= minRequests && failures / answers > errorRate) return 'error_rate';
  // The quantile is above the limit when more than the rest of the first bytes are.
  const isSlow = firstBytes >= minRequests && slow / firstBytes > 1 - latencyQuantile;
  return latencyMs !== undefined && isSlow ? 'latency' : undefined;
};
