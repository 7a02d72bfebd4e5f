import { renderTable } from '../bench/report/table.ts';
import type { Laboratory } from './laboratory.ts';
import { heavyTail, uniform } from './model/workload.ts';
import type { PolicyName } from './policies.ts';
import { type Setting, toSetting } from './scenarios/scenario.ts';

/** What the design has to show: a p99 that is at most so many times another. Scheduling reference, §3.8. */
export interface Gate {
  readonly name: string;
  readonly ratio: number | undefined;
  readonly limit: number;
}

const load = 0.9;

export const measureGates = ({ given, resultOf }: Laboratory): readonly Gate[] => {
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
      ratio: ratioOf(built, settingOf('round-robin', 1)),
      limit: 0.35,
    },
    {
      name: 'heavy tail: three schedulers against exact least requests',
      ratio: ratioOf(built, settingOf('least-requests', 1)),
      limit: 0.6,
    },
    {
      name: 'three schedulers against one',
      ratio: ratioOf(built, settingOf('full', 1)),
      limit: 1.15,
    },
    {
      name: 'three schedulers that lose 1 % of all messages against three that lose none',
      ratio: ratioOf({ ...built, lossShare: 0.01 }, built),
      limit: 1.1,
    },
    {
      name: 'uniform prompts: three schedulers against round-robin',
      ratio: ratioOf(settingOf('full', 3, uniform), settingOf('round-robin', 1, uniform)),
      limit: 1.3,
    },
  ];
};

export const isMet = ({ ratio, limit }: Gate): boolean => ratio !== undefined && ratio <= limit;

export const renderGates = (gates: readonly Gate[]): string =>
  renderTable(
    ['p99 of the time to first token', 'measured', 'at most', ''],
    gates.map((gate) => [
      gate.name,
      gate.ratio === undefined ? 'unknown' : gate.ratio.toFixed(2),
      gate.limit.toFixed(2),
      isMet(gate) ? 'met' : '**missed**',
    ]),
  );
