import type { Fault } from '../model/faults.ts';
import { heavyTail } from '../model/workload.ts';
import { type PolicyName, policyTitles } from '../policies.ts';
import { type Given, type Scenario, type Setting, toSetting, type Variant } from './scenario.ts';

/** What is left after a worker is lost must be able to carry all. */
const load = 0.7;
/** `timeouts.headMs` of the upstream, where a worker can stand still behind a live adapter. */
const headMs = 5_000;

/** What the fleet is compared with afterwards. A worker that fails should cost no more than one that never was. */
const goalOf = ({ kind }: Fault, usual: Setting): Setting =>
  kind === 'kill-scheduler' ? usual : { ...usual, speeds: usual.speeds.slice(1) };

const after = (fault: (atMs: number) => Fault, policy: PolicyName, what: string, given: Given): Variant => {
  const schedulers = policy === 'full' ? 3 : 1;
  const atMs = given.durationMs / 3;
  const usual = toSetting({ policy, workload: heavyTail, load, schedulers }, given);
  const happens = fault(atMs);
  const setting = { ...usual, faults: [happens], headMs: happens.kind === 'stall' ? headMs : undefined };
  const row = [what, policyTitles[policy], String(schedulers)];
  return { policy, row, setting, change: { atMs, goal: goalOf(happens, usual) } };
};

const slow = (atMs: number): Fault => ({ kind: 'slow', worker: 0, speed: 1 / 3, atMs });

const withoutPace = (variant: Variant): Variant => ({
  ...variant,
  setting: { ...variant.setting, tellsPace: false },
});

const workerFaults: readonly (readonly [what: string, fault: (atMs: number) => Fault])[] = [
  ['killed', (atMs) => ({ kind: 'kill', worker: 0, atMs })],
  ['hangs', (atMs) => ({ kind: 'hang', worker: 0, atMs })],
  ['engine stands still', (atMs) => ({ kind: 'stall', worker: 0, atMs })],
  ['no reports for 10 s', (atMs) => ({ kind: 'mute', worker: 0, atMs, forMs: 10_000 })],
  ['the same report for ever', (atMs) => ({ kind: 'freeze', worker: 0, atMs })],
  ['a third of its speed', slow],
];

const heads = ['one of eight workers', 'policy', 'schedulers'];
const measured = ['p50', 'p95', 'p99', 'longest', 'recovery', 'broken', 'failed'] as const;

const workerScenario: Scenario = {
  name: 'worker-faults',
  title: 'A worker fails',
  text: `The heavy tail at 70 % load; the fault comes after a third of the run and stays. *Killed*: worker and adapter end. *Hangs*: both stand still with their connections open. *Engine stands still*: the adapter goes on to report, and hands back what has no first byte in time; \`timeouts.headMs\` is ${headMs / 1_000} s. Requests without a first token go elsewhere, answers that have begun break off. Figures are of what came from 1 s before the fault on; recovered is p99 within 1.5 times that of seven workers which never had an eighth.`,
  heads,
  measures: measured,
  plot: {
    file: 'worker-faults.svg',
    title: 'p99 time to first token, of what came within 10 s, ms',
    xTitle: 'from so many seconds on',
    scale: { x: 'linear', y: 'log' },
    of: 'windows',
    only: ['killed', 'a third of its speed'],
  },
  variants: (given) => [
    ...workerFaults.flatMap(([what, fault]) =>
      (['round-robin', 'least-requests', 'full'] as const).map((policy) => after(fault, policy, what, given)),
    ),
    withoutPace(after(slow, 'full', 'a third of its speed, and no pace in reports', given)),
  ],
};

const schedulerScenario: Scenario = {
  name: 'scheduler-kill',
  title: 'A scheduler is killed',
  text: 'The heavy tail at 70 % load. Another one joins 3 s later. Figures are of what came from 1 s before the fault on; recovered is p99 within 1.5 times that of a run without it.',
  heads: ['one of three schedulers', 'policy', 'schedulers'],
  measures: measured,
  variants: (given) => [
    after((atMs) => ({ kind: 'kill-scheduler', scheduler: 1, atMs }), 'full', 'killed', given),
  ],
};

export const faultScenarios: readonly Scenario[] = [workerScenario, schedulerScenario];
