import type { FallbackConfig, FallbackOffer, FallbackReason } from '@weir/contracts';

/** What the adapter may hand an attempt back for. */
export const toFallbackOffer = ({ triggers }: FallbackConfig): FallbackOffer => {
  const { onHealthFailure, onErrorCodes, onLatencyThresholdMs } = triggers;
  return {
    onHealthFailure,
    onErrorCodes,
    ...(onLatencyThresholdMs === undefined ? {} : { latencyMs: onLatencyThresholdMs }),
  };
};

const rateLimited = 429;

/** Why a request that found no place leaves the route's own upstreams. Undefined: it does not. */
export const reasonToLeave = (
  missing: 'none' | 'refused' | 'saturated' | 'exhausted',
  { triggers }: FallbackConfig,
): FallbackReason | undefined => {
  if (missing === 'saturated') return triggers.onSaturated ? 'saturated' : undefined;
  if (missing === 'none' || missing === 'refused')
    return triggers.onHealthFailure ? 'health-failure' : undefined;
  // What the provider would answer is known already.
  return triggers.onErrorCodes.includes(rateLimited) ? 'quota' : undefined;
};
