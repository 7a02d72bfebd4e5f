/** How long recent answers were, by model: a hold need not be the worst case when nobody ever uses it. */
export interface OutputHistory {
  add(model: string, outputTokens: number): void;
  /** The length that `quantile` (above 0, at most 1) of the recent answers stayed within. Undefined: too few are known. */
  quantileOf(model: string, quantile: number): number | undefined;
}

interface Recent {
  readonly lengths: number[];
  next: number;
  /** Undefined: to be sorted anew. */
  sorted: number[] | undefined;
  staleness: number;
}

const keptPerModel = 512;
const leastKnown = 20;
/** A quantile may lag behind by this many answers: sorting for each would cost more than it tells. */
const sortEvery = 32;

/** Keeps the last answers of each of `maxModels` models; of more than that, the one that was heard of first goes. */
export const createOutputHistory = (maxModels = 1_000): OutputHistory => {
  const models = new Map<string, Recent>();

  const recentOf = (model: string): Recent => {
    const known = models.get(model);
    if (known) return known;
    if (models.size >= maxModels) {
      const [oldest] = models.keys();
      if (oldest !== undefined) models.delete(oldest);
    }
    const recent: Recent = { lengths: [], next: 0, sorted: undefined, staleness: 0 };
    models.set(model, recent);
    return recent;
  };

  return {
    add: (model, outputTokens) => {
      const recent = recentOf(model);
      recent.lengths[recent.next] = outputTokens;
      recent.next = (recent.next + 1) % keptPerModel;
      recent.staleness += 1;
      if (recent.staleness >= sortEvery) recent.sorted = undefined;
    },
    quantileOf: (model, quantile) => {
      const recent = models.get(model);
      if (!recent || recent.lengths.length < leastKnown) return undefined;
      if (!recent.sorted) {
        recent.sorted = recent.lengths.toSorted((left, right) => left - right);
        recent.staleness = 0;
      }
      const { sorted } = recent;
      return sorted[Math.min(sorted.length - 1, Math.ceil(quantile * sorted.length) - 1)];
    },
  };
};
