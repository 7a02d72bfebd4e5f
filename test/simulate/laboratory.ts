import { measureCapacity } from './model/capacity.ts';
import { hitBeforeMs, recoveryMs, type WindowedP99, windowsOf } from './model/recovery.ts';
import { simulate } from './model/simulate.ts';
import { median, percentile, type Summary, summarize } from './model/summary.ts';
import type { Workload } from './model/workload.ts';
import type { Given, Setting, Variant } from './scenarios/scenario.ts';

/** Medians over the seeds; what may not be at all is summed. */
export interface Result extends Summary {
  /** Milliseconds; infinite: not before the end. Undefined where nothing changes. */
  readonly recovery: number | undefined;
  /** Of the first seed. */
  readonly windows: readonly WindowedP99[];
}

interface Outcome {
  readonly summary: Summary;
  readonly windows: readonly WindowedP99[];
}

export interface DecisionTime {
  /** Microseconds. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly decisions: number;
}

/** Runs what the scenarios ask for, each once. */
export interface Laboratory {
  readonly given: Given;
  resultOf(variant: Pick<Variant, 'setting' | 'change'>): Result;
  /** Of all runs so far, on the real clock. */
  decisionTime(): DecisionTime;
}

export interface LaboratoryInput {
  readonly seeds: readonly number[];
  readonly durationMs: number;
  /** The real clock, in microseconds. */
  readonly clock: () => number;
}

/** A fleet that starts idle is not what it is under load. */
const warmUpShare = 1 / 6;

const middle = (values: readonly (number | undefined)[]): number | undefined => {
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length ? median(known) : undefined;
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const combine = (summaries: readonly Summary[]): Summary => ({
  p50: middle(summaries.map(({ p50 }) => p50)),
  p95: middle(summaries.map(({ p95 }) => p95)),
  p99: middle(summaries.map(({ p99 }) => p99)),
  longest: middle(summaries.map(({ longest }) => longest)),
  shortP99: middle(summaries.map(({ shortP99 }) => shortP99)),
  tokenP99: middle(summaries.map(({ tokenP99 }) => tokenP99)),
  imbalance: median(summaries.map(({ imbalance }) => imbalance)) ?? 0,
  viewError: middle(summaries.map(({ viewError }) => viewError)),
  served: sum(summaries.map(({ served }) => served)),
  broken: sum(summaries.map(({ broken }) => broken)),
  failed: sum(summaries.map(({ failed }) => failed)),
  leaked: sum(summaries.map(({ leaked }) => leaked)),
});

const rememberCapacity = (): Given['capacityOf'] => {
  const known = new Map<Workload, number>();
  return (workload) => {
    const capacity = known.get(workload) ?? measureCapacity(workload);
    known.set(workload, capacity);
    return capacity;
  };
};

export const createLaboratory = ({ seeds, durationMs, clock }: LaboratoryInput): Laboratory => {
  const outcomes = new Map<string, Outcome>();
  const micros: { readonly p50: number; readonly p99: number }[] = [];
  let decisions = 0;
  const warmUpMs = durationMs * warmUpShare;

  const outcomeOf = (setting: Setting, seed: number, fromMs: number): Outcome => {
    const key = JSON.stringify([setting, seed, fromMs]);
    const known = outcomes.get(key);
    if (known) return known;
    const recording = simulate({ ...setting, seed }, clock);
    const summary = summarize(recording, fromMs);
    const outcome = { summary, windows: windowsOf(recording.served, durationMs) };
    outcomes.set(key, outcome);
    decisions += recording.decisionMicros.length;
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(recording.decisionMicros, share));
    if (p50 !== undefined && p99 !== undefined) micros.push({ p50, p99 });
    return outcome;
  };

  return {
    given: { durationMs, capacityOf: rememberCapacity() },
    resultOf: ({ setting, change }) => {
      const fromMs = change ? change.atMs - hitBeforeMs : warmUpMs;
      const runs = seeds.map((seed) => outcomeOf(setting, seed, fromMs));
      const recoveries = seeds.map((seed, index) => {
        if (!change) return undefined;
        const goal = outcomeOf(change.goal, seed, fromMs);
        return recoveryMs(runs[index]?.windows ?? [], goal.windows, change.atMs);
      });
      const summary = combine(runs.map((run) => run.summary));
      return { ...summary, recovery: middle(recoveries), windows: runs[0]?.windows ?? [] };
    },
    decisionTime: () => ({
      p50: median(micros.map(({ p50 }) => p50)),
      p99: median(micros.map(({ p99 }) => p99)),
      decisions,
    }),
  };
};
