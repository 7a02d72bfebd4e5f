/**
 * What the cost of a target is multiplied with: 2 when it is new, and close to 1 after a few `slowStartMs`. An empty
 * queue would draw everything there while its caches are cold: scheduling reference, §3.4.
 */
export const slowStartFactor = (
  /** Undefined: it is not new. */
  newSince: number | undefined,
  now: number,
  slowStartMs: number,
): number => {
  if (newSince === undefined || slowStartMs <= 0) return 1;
  return 1 + Math.exp(-Math.max(0, now - newSince) / slowStartMs);
};
