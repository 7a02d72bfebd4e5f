/** A fraction of a limit in whole per mille, at least 1: 0.8 → 800. */
export const toPerMille = (fraction: number): number => Math.max(1, Math.round(fraction * 1_000));

/**
 * The thresholds, in per mille of the limit, that a counter reached on its way from `before` to `after`. Reaching one
 * exactly counts; a counter that falls crosses none.
 */
export const thresholdsCrossed = (input: {
  readonly before: bigint;
  readonly after: bigint;
  readonly limitUnits: bigint;
  readonly thresholds: readonly number[];
}): number[] => {
  const before = input.before * 1_000n;
  const after = input.after * 1_000n;
  return input.thresholds.filter((threshold) => {
    const mark = BigInt(threshold) * input.limitUnits;
    return before < mark && mark <= after;
  });
};
