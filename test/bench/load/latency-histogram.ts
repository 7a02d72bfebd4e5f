/** Neighbouring buckets differ by 0.5 %, so a percentile is at most that far from the exact one. */
const growth = 1.005;
const logOfGrowth = Math.log(growth);
const largestMicros = 100_000_000;
const bucketCount = Math.ceil(Math.log(largestMicros) / logOfGrowth) + 1;

export interface LatencySummary {
  readonly count: number;
  /** Undefined without samples. */
  readonly p50Micros: number | undefined;
  readonly p99Micros: number | undefined;
  readonly maxMicros: number | undefined;
}

export interface LatencyHistogram {
  readonly record: (micros: number) => void;
  /** The latency that `share` (0 to 1) of the samples do not exceed. */
  readonly percentile: (share: number) => number | undefined;
  readonly summarize: () => LatencySummary;
}

/** A histogram of fixed size: recording allocates nothing, however long the run. */
export const createLatencyHistogram = (): LatencyHistogram => {
  const buckets = new Uint32Array(bucketCount);
  let count = 0;
  let maxMicros: number | undefined;

  const record = (micros: number): void => {
    const clamped = Math.min(Math.max(micros, 1), largestMicros);
    const bucket = Math.round(Math.log(clamped) / logOfGrowth);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    count += 1;
    maxMicros = maxMicros === undefined ? micros : Math.max(maxMicros, micros);
  };

  const percentile = (share: number): number | undefined => {
    if (count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * count));
    let seen = 0;
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      seen += buckets[bucket] ?? 0;
      if (seen >= rank) return growth ** bucket;
    }
    return maxMicros;
  };

  const summarize = (): LatencySummary => ({
    count,
    p50Micros: percentile(0.5),
    p99Micros: percentile(0.99),
    maxMicros,
  });

  return { record, percentile, summarize };
};
