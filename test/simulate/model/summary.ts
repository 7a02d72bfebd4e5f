import type { Recording } from './recorder.ts';

/** Figures of one run. Times in milliseconds, undefined where nothing was served. */
export interface Summary {
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
  readonly longest: number | undefined;
  /** Of prompts of 256 tokens at most. */
  readonly shortP99: number | undefined;
  /** p99 of the mean time between an answer's tokens. */
  readonly tokenP99: number | undefined;
  readonly imbalance: number;
  /** Tokens a worker, mean over the decisions. */
  readonly viewError: number | undefined;
  readonly served: number;
  readonly broken: number;
  readonly failed: number;
  readonly leaked: number;
}

const shortPromptTokens = 256;

/** The smallest value that the share of all values does not exceed. */
export const percentile = (values: readonly number[], share: number): number | undefined => {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
};

export const median = (values: readonly number[]): number | undefined => percentile(values, 0.5);

const mean = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((sum, one) => sum + one, 0) / values.length;

/** Of the requests that came from `fromMs` on. */
export const summarize = (recording: Recording, fromMs: number): Summary => {
  const served = recording.served.filter(({ at }) => at >= fromMs);
  const firsts = served.map(({ firstTokenMs }) => firstTokenMs);
  const shorts = served.filter(({ promptTokens }) => promptTokens <= shortPromptTokens);
  return {
    p50: percentile(firsts, 0.5),
    p95: percentile(firsts, 0.95),
    p99: percentile(firsts, 0.99),
    longest: percentile(firsts, 1),
    shortP99: percentile(
      shorts.map(({ firstTokenMs }) => firstTokenMs),
      0.99,
    ),
    tokenP99: percentile(
      served.flatMap(({ tokenMs }) => tokenMs ?? []),
      0.99,
    ),
    imbalance: recording.imbalance,
    viewError: mean(recording.viewErrors),
    served: recording.served.length,
    broken: recording.broken,
    failed: recording.failed,
    leaked: recording.leaked,
  };
};
