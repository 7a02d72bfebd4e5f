import type { TargetQuota } from '@weir/contracts';

/** A provider that asks for a longer pause is asked again after this one all the same. */
export const longestExhaustionMs = 600_000;

export interface QuotaLesson {
  readonly told: Pick<TargetQuota, 'requests' | 'tokens'>;
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly now: number;
}

/**
 * What an answer says of its provider's limits. Undefined: nothing, as does a success without headers: it may have been
 * let in before the refusal that came first. A pause counts on 429 and 529 alone.
 */
export const learnQuota = ({ told, status, retryAfterMs, now }: QuotaLesson): TargetQuota | undefined => {
  const isRefusal = status === 429 || status === 529;
  const pauseMs = isRefusal ? retryAfterMs : undefined;
  if (!told.requests && !told.tokens && pauseMs === undefined) return undefined;
  return {
    observedAt: now,
    ...told,
    ...(pauseMs === undefined ? {} : { exhaustedUntil: now + Math.min(pauseMs, longestExhaustionMs) }),
  };
};
