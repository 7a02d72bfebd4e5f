import type { Sample } from './open-load.ts';

export interface Summary {
  readonly requests: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Of prompts up to 300 tokens: who asks little should not wait for who asks much. */
  readonly shortP99Ms: number;
}

const shortTokens = 300;

/** Of what comes before it nothing is counted: the workers are empty at first. */
export const warmUpMs = 5_000;

export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
};

/** Of the times to the first byte. */
export const summarize = (all: readonly Sample[]): Summary => {
  const samples = all.filter(({ atMs }) => atMs >= warmUpMs);
  const answered = samples.filter(({ firstByteMs }) => firstByteMs !== undefined);
  const times = answered.map(({ firstByteMs }) => firstByteMs ?? Number.NaN);
  const short = answered.filter(({ promptTokens }) => promptTokens <= shortTokens);
  return {
    requests: samples.length,
    failed: samples.length - answered.length,
    p50Ms: quantile(times, 0.5),
    p95Ms: quantile(times, 0.95),
    p99Ms: quantile(times, 0.99),
    shortP99Ms: quantile(
      short.map(({ firstByteMs }) => firstByteMs ?? Number.NaN),
      0.99,
    ),
  };
};

export const summarizeCaller = (samples: readonly Sample[], caller: string): Summary =>
  summarize(samples.filter((sample) => sample.caller === caller));
