import type { Simulation } from '../model/simulate.ts';
import type { Workload } from '../model/workload.ts';
import { type PolicyName, policies } from '../policies.ts';

/** A run but for its seed. */
export type Setting = Omit<Simulation, 'seed'>;

export interface Variant {
  readonly policy: PolicyName;
  /** The first cells of its row. */
  readonly row: readonly string[];
  /** Where the table has a column for each value of something. */
  readonly column?: string;
  readonly setting: Setting;
  /** Figures are of what comes around it and later; recovered is what does as well as in the other setting. */
  readonly change?: { readonly atMs: number; readonly goal: Setting };
}

export const measures = [
  'p50',
  'p95',
  'p99',
  'longest',
  'shortP99',
  'tokenP99',
  'imbalance',
  'viewError',
  'recovery',
  'broken',
  'failed',
] as const;

export type Measure = (typeof measures)[number];

export interface Plot {
  readonly file: string;
  readonly title: string;
  readonly xTitle: string;
  /** Of the x axis and of the y axis. */
  readonly scale: { readonly x: 'linear' | 'log'; readonly y: 'linear' | 'log' };
  /** `columns`: p99 by column, a line for each row. `windows`: p99 over time. */
  readonly of: 'columns' | 'windows';
  /** Rows that have a line, by their first cells. Absent: all. */
  readonly only?: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What it is, for a reader of the table. */
  readonly text: string;
  readonly heads: readonly string[];
  /** Of a table without columns of its own. */
  readonly measures: readonly Measure[];
  readonly plot?: Plot;
  readonly variants: (given: Given) => readonly Variant[];
}

export interface Given {
  readonly durationMs: number;
  /** Requests a second that one worker of speed 1 can finish. */
  readonly capacityOf: (workload: Workload) => number;
}

export interface Outline {
  readonly policy: PolicyName;
  readonly workload: Workload;
  /** Share of the capacity of all workers. */
  readonly load: number;
  readonly schedulers?: number;
  readonly speeds?: readonly number[];
}

const eightWorkers: readonly number[] = [1, 1, 1, 1, 1, 1, 1, 1];

/** What a setting is unless a scenario says otherwise: eight equal workers, reports each 100 ms, nothing lost. */
export const toSetting = (outline: Outline, { durationMs, capacityOf }: Given): Setting => {
  const { policy, workload, load, schedulers = 1, speeds = eightWorkers } = outline;
  const fleet = speeds.reduce((sum, speed) => sum + speed, 0);
  return {
    policy: policies[policy],
    arrivals: { workload, perSecond: capacityOf(workload) * fleet * load, forMs: durationMs },
    schedulers,
    speeds,
    reportEachMs: 100,
    lossShare: 0,
    faults: [],
  };
};
