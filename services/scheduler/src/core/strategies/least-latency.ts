interface LatencyCandidate {
  readonly weight: number;
  /** Attempts under way. */
  readonly running: number;
  /** Undefined until an attempt succeeded there. */
  readonly firstByteMs: number | undefined;
}

/** Busier than this share of the targets is hot: Prequal (Wydrowski et al., NSDI 2024), §4. */
const hotQuantile = 0.84;

const loadOf = ({ running, weight }: LatencyCandidate): number => running / weight;

/** Nearest rank, so that of fewer than seven none is hot. */
const hotLoad = (candidates: readonly LatencyCandidate[]): number => {
  const loads = candidates.map(loadOf).sort((left, right) => left - right);
  return loads[Math.ceil(hotQuantile * loads.length) - 1] ?? Number.POSITIVE_INFINITY;
};

/**
 * The quickest to a first byte, each by what is under way there: Peak-EWMA. What a target had to do counts before how
 * quick it was: the latency of a hot one tells of what it had to do a moment ago. A target of which nothing is known
 * counts as one of the quickest, so that it is tried.
 */
export const byLeastLatency = <Candidate extends LatencyCandidate>(
  candidates: readonly Candidate[],
  /** What the cost of a candidate is multiplied with. */
  factorOf: (candidate: Candidate) => number,
): readonly Candidate[] => {
  const limit = hotLoad(candidates);
  const cold = candidates.filter((candidate) => loadOf(candidate) <= limit);
  const known = cold.flatMap(({ firstByteMs }) => firstByteMs ?? []);
  const quickestMs = known.length === 0 ? 1 : Math.min(...known);
  const costs = cold.map((candidate) => {
    const { firstByteMs = quickestMs, running, weight } = candidate;
    return (firstByteMs * (running + 1) * factorOf(candidate)) / weight;
  });
  const least = Math.min(...costs);
  return cold.filter((_candidate, position) => costs[position] === least);
};
