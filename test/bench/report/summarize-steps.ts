import { type BenchMeasurements, median, type StepMeasurement } from '../measurement.ts';
import type { Load } from '../plan.ts';
import { isCommonRole } from '../process/process-stats.ts';

/** The median over the rounds of one load on one competitor. */
export interface StepSummary {
  readonly requestsPerSecond: number | undefined;
  readonly p50Micros: number | undefined;
  readonly p99Micros: number | undefined;
  readonly firstTokenP50Micros: number | undefined;
  readonly firstTokenP99Micros: number | undefined;
  /** Over all rounds. */
  readonly failed: number;
  readonly cpuPerRequestMs: ReadonlyMap<string, number | undefined>;
  /** See `StepMeasurement`. */
  readonly settleMs: number | undefined;
}

const stepsOf = (measurements: BenchMeasurements, competitor: string, load: Load): StepMeasurement[] =>
  measurements.steps.filter(
    (step) =>
      step.competitor === competitor && step.connections === load.connections && step.stream === load.stream,
  );

const summarizeCpu = (steps: readonly StepMeasurement[]): ReadonlyMap<string, number | undefined> => {
  const roles = [...(steps[0]?.cpuPerRequestMs.keys() ?? [])];
  return new Map(roles.map((role) => [role, median(steps.map((step) => step.cpuPerRequestMs.get(role)))]));
};

export const summarizeStep = (
  measurements: BenchMeasurements,
  competitor: string,
  load: Load,
): StepSummary => {
  const steps = stepsOf(measurements, competitor, load);
  return {
    requestsPerSecond: median(steps.map(({ result }) => result.requestsPerSecond)),
    p50Micros: median(steps.map(({ result }) => result.latency.p50Micros)),
    p99Micros: median(steps.map(({ result }) => result.latency.p99Micros)),
    firstTokenP50Micros: median(steps.map(({ result }) => result.firstToken.p50Micros)),
    firstTokenP99Micros: median(steps.map(({ result }) => result.firstToken.p99Micros)),
    failed: steps.reduce((sum, { result }) => sum + result.failed, 0),
    cpuPerRequestMs: summarizeCpu(steps),
    settleMs: median(steps.map((step) => step.settleMs)),
  };
};

/** Undefined where either is. */
export const subtract = (left: number | undefined, right: number | undefined): number | undefined =>
  left === undefined || right === undefined ? undefined : left - right;

export const divide = (left: number | undefined, right: number | undefined): number | undefined =>
  left === undefined || right === undefined || right === 0 ? undefined : left / right;

/**
 * The median over the rounds of requests per second of one competitor by those of another in the same round: what
 * else a machine does falls on both.
 */
export const medianRatio = (
  measurements: BenchMeasurements,
  competitor: string,
  other: string,
  load: Load,
): number | undefined => {
  const others = stepsOf(measurements, other, load);
  return median(
    stepsOf(measurements, competitor, load).map(({ result }, round) =>
      divide(result.requestsPerSecond, others[round]?.result.requestsPerSecond),
    ),
  );
};

/** Without the load, the upstream and the bench itself. Undefined where one process is unknown, or there is none. */
export const ownCpuPerRequestMs = ({ cpuPerRequestMs }: StepSummary): number | undefined => {
  const own = [...cpuPerRequestMs].filter(([role]) => !isCommonRole(role));
  if (own.length === 0) return undefined;
  return own.reduce<number | undefined>(
    (sum, [, value]) => (sum === undefined || value === undefined ? undefined : sum + value),
    0,
  );
};
