import type { QuotaWindow, TargetQuota } from '@weir/contracts';
import type { Place } from './place.ts';

/**
 * When a limit has room for so much, milliseconds since the epoch. Providers refill their limits evenly, up to the reset:
 * https://platform.openai.com/docs/guides/rate-limits, https://docs.anthropic.com/en/api/rate-limits
 */
const roomAt = ({ remaining, limit, resetsAt }: QuotaWindow, observedAt: number, needed: number): number => {
  if (remaining >= needed) return observedAt;
  // Without its limit nobody knows how fast it fills, and above the limit nothing ever fits: then the provider decides.
  if (limit === undefined || limit < needed) return resetsAt;
  const share = (needed - remaining) / (limit - remaining);
  return observedAt + share * (resetsAt - observedAt);
};

/** When the provider takes a request of so many input tokens, milliseconds since the epoch. */
export const openAt = (
  { observedAt, requests, tokens, exhaustedUntil }: TargetQuota,
  inputTokens: number,
): number =>
  Math.ceil(
    Math.max(
      exhaustedUntil ?? observedAt,
      requests ? roomAt(requests, observedAt, 1) : observedAt,
      tokens ? roomAt(tokens, observedAt, Math.max(1, inputTokens)) : observedAt,
    ),
  );

/**
 * Targets whose provider would refuse this request now, and when it would not. What one adapter was told holds for all:
 * of several the newest is believed.
 */
export const exhaustedTargets = (
  places: readonly Place[],
  inputTokens: number,
  now: number,
): ReadonlyMap<string, number> => {
  const newest = new Map<string, TargetQuota>();
  for (const { target, quota } of places) {
    if (quota && quota.observedAt > (newest.get(target)?.observedAt ?? Number.NEGATIVE_INFINITY))
      newest.set(target, quota);
  }
  const exhausted = new Map<string, number>();
  for (const [target, quota] of newest) {
    const until = openAt(quota, inputTokens);
    if (until > now) exhausted.set(target, until);
  }
  return exhausted;
};

/** A wait shorter than this is ours, a longer one is for the client. */
export const shortWaitMs = 2_000;
