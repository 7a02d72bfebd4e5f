import { renderTable } from '../bench/report/table.ts';
import type { Laboratory } from './laboratory.ts';
import { heavyTail, uniform } from './model/workload.ts';
import type { PolicyName } from './policies.ts';
import { faultScenarios } from './scenarios/faults.ts';
import { type Setting, toSetting } from './scenarios/scenario.ts';

/** What the design has to show. Scheduling reference, §3.8. */
export interface Gate {
  readonly name: string;
  readonly measured: number | undefined;
  readonly limit: number;
  /** Times another p99, or seconds. */
  readonly unit: '×' | 's';
}

const load = 0.9;

export const measurePlacementGates = ({ given, resultOf }: Laboratory): readonly Gate[] => {
  const settingOf = (policy: PolicyName, schedulers: number, workload = heavyTail): Setting =>
    toSetting({ policy, workload, load, schedulers }, given);
  const p99Of = (setting: Setting): number | undefined => resultOf({ setting }).p99;
  const ratioOf = (one: Setting, other: Setting): number | undefined => {
    const [above, below] = [p99Of(one), p99Of(other)];
    return above === undefined || below === undefined ? undefined : above / below;
  };
  const built = settingOf('full', 3);
  return [
    {
      name: 'heavy tail: three schedulers against round-robin',
      measured: ratioOf(built, settingOf('round-robin', 1)),
      unit: '×',
      limit: 0.35,
    },
    {
      name: 'heavy tail: three schedulers against exact least requests',
      measured: ratioOf(built, settingOf('least-requests', 1)),
      unit: '×',
      limit: 0.6,
    },
    {
      name: 'three schedulers against one',
      measured: ratioOf(built, settingOf('full', 1)),
      unit: '×',
      limit: 1.15,
    },
    {
      name: 'three schedulers that lose 1 % of all messages against three that lose none',
      measured: ratioOf({ ...built, lossShare: 0.01 }, built),
      unit: '×',
      limit: 1.1,
    },
    {
      name: 'uniform prompts: three schedulers against round-robin',
      measured: ratioOf(settingOf('full', 3, uniform), settingOf('round-robin', 1, uniform)),
      unit: '×',
      limit: 1.3,
    },
  ];
};

const recoveryLimitSeconds = 10;

/** Seconds until p99 is back after each fault; unknown where a client was told of an error. */
export const measureFaultGates = ({ given, resultOf }: Laboratory): readonly Gate[] =>
  faultScenarios
    .flatMap(({ variants, heads }) => variants(given).map((variant) => ({ variant, subject: heads[0] })))
    // What adapters would be without their pace is for comparison alone.
    .filter(({ variant: { policy, setting } }) => policy === 'full' && setting.tellsPace !== false)
    .map(({ variant, subject }) => {
      const { recovery, failed } = resultOf(variant);
      const measured = recovery === undefined || failed > 0 ? undefined : recovery / 1_000;
      return { name: `${subject}: ${variant.row[0]}`, measured, limit: recoveryLimitSeconds, unit: 's' };
    });

export const isMet = ({ measured, limit }: Gate): boolean => measured !== undefined && measured <= limit;

const formatMeasured = ({ measured, unit }: Gate): string => {
  if (measured === undefined) return 'unknown';
  if (!Number.isFinite(measured)) return 'not';
  return unit === '×' ? `${measured.toFixed(2)} ×` : `${measured.toFixed(1)} s`;
};

export const renderGates = (gates: readonly Gate[]): string =>
  renderTable(
    ['p99 of the time to first token', 'measured', 'at most', ''],
    gates.map((gate) => [
      gate.name,
      formatMeasured(gate),
      `${gate.limit} ${gate.unit}`,
      isMet(gate) ? 'met' : '**missed**',
    ]),
  );
