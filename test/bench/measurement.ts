import type { ClosedLoopResult, PacedStreamsResult } from './load/jobs.ts';

/** CPU milliseconds per answered request, by the role of the process. */
export type CpuPerRequest = ReadonlyMap<string, number | undefined>;

export interface StepMeasurement {
  readonly competitor: string;
  readonly connections: number;
  readonly stream: boolean;
  readonly result: ClosedLoopResult;
  /** Includes what was left to do after the last answer. */
  readonly cpuPerRequestMs: CpuPerRequest;
  /** From the last answer until nothing was left to do; Infinity: no end; undefined: nothing is left. */
  readonly settleMs: number | undefined;
}

export interface StreamMeasurement {
  readonly competitor: string;
  readonly result: PacedStreamsResult;
  /** Share of one core that each process took. */
  readonly coreShare: ReadonlyMap<string, number | undefined>;
}

export interface MemoryMeasurement {
  readonly competitor: string;
  readonly role: string;
  readonly beforeBytes: number | undefined;
  readonly afterBytes: number | undefined;
}

export interface BenchMeasurements {
  readonly competitors: readonly string[];
  readonly steps: readonly StepMeasurement[];
  readonly streams: readonly StreamMeasurement[];
  readonly memory: readonly MemoryMeasurement[];
  readonly notes: readonly string[];
}

/** The middle of what is known; undefined when nothing is. */
export const median = (values: readonly (number | undefined)[]): number | undefined => {
  const sorted = values.filter((value) => value !== undefined).toSorted((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
};
