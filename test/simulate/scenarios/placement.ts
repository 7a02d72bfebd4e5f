import { heavyTail, uniform, type Workload } from '../model/workload.ts';
import { type PolicyName, policyTitles } from '../policies.ts';
import { type Given, type Scenario, type Setting, toSetting, type Variant } from './scenario.ts';

const all: readonly (readonly [policy: PolicyName, schedulers: number])[] = [
  ['random', 1],
  ['round-robin', 1],
  ['p2c-least-requests', 1],
  ['least-requests', 1],
  ['p2c-ltq', 1],
  ['ltq', 1],
  ['reports-only', 3],
  ['own-reservations', 3],
  ['full', 1],
  ['full', 3],
  ['full', 8],
];
const replicas = [1, 3, 8];

const sideBySide = (workload: Workload, load: number, given: Given): Variant[] =>
  all.map(([policy, schedulers]) => ({
    policy,
    row: [policyTitles[policy], String(schedulers)],
    setting: toSetting({ policy, workload, load, schedulers }, given),
  }));

const heavyTailScenario: Scenario = {
  name: 'heavy-tail',
  title: 'Prompts of very different lengths, 90 % load',
  text: 'Log-normal prompts (median 600 tokens, σ 1.2) and answers (median 180, σ 0.8).',
  heads: ['policy', 'schedulers'],
  measures: ['p50', 'p95', 'p99', 'shortP99', 'tokenP99', 'imbalance', 'viewError'],
  variants: (given) => sideBySide(heavyTail, 0.9, given),
};

const uniformScenario: Scenario = {
  name: 'uniform',
  title: 'Prompts of one length, 90 % load',
  text: 'Each request has 1,233 tokens and asks for 248: the means of the heavy tail.',
  heads: ['policy', 'schedulers'],
  measures: ['p50', 'p95', 'p99', 'tokenP99', 'imbalance', 'viewError'],
  variants: (given) => sideBySide(uniform, 0.9, given),
};

const loadScenario: Scenario = {
  name: 'load',
  title: 'p99 by load',
  text: 'The heavy tail; p99 of the time to first token in milliseconds.',
  heads: ['policy'],
  measures: [],
  plot: {
    file: 'load.svg',
    title: 'p99 time to first token, ms',
    xTitle: 'load, % of capacity',
    scale: { x: 'linear', y: 'log' },
    of: 'columns',
  },
  variants: (given) =>
    (['round-robin', 'least-requests', 'full'] as const).flatMap((policy) =>
      [0.5, 0.7, 0.8, 0.9, 0.95].map((load) => {
        const schedulers = policy === 'full' ? 3 : 1;
        const title = policy === 'full' ? `${policyTitles.full}, 3 schedulers` : policyTitles[policy];
        const setting = toSetting({ policy, workload: heavyTail, load, schedulers }, given);
        return { policy, row: [title], column: `${Math.round(load * 100)} %`, setting };
      }),
    ),
};

const stalenessScenario: Scenario = {
  name: 'staleness',
  title: 'Old reports, several schedulers',
  text: 'The heavy tail at 90 % load; p99 of the time to first token in milliseconds by the time between two reports.',
  heads: ['policy', 'schedulers'],
  measures: [],
  plot: {
    file: 'staleness.svg',
    title: 'p99 time to first token, ms',
    xTitle: 'time between two reports, ms',
    scale: { x: 'log', y: 'log' },
    of: 'columns',
  },
  variants: (given) =>
    (['reports-only', 'own-reservations', 'full'] as const).flatMap((policy) =>
      replicas.flatMap((schedulers) =>
        [50, 100, 250, 1_000].map((reportEachMs) => ({
          policy,
          row: [policyTitles[policy], String(schedulers)],
          column: `${reportEachMs} ms`,
          setting: {
            ...toSetting({ policy, workload: heavyTail, load: 0.9, schedulers }, given),
            reportEachMs,
          },
        })),
      ),
    ),
};

const lossScenario: Scenario = {
  name: 'loss',
  title: 'Lost messages',
  text: 'The heavy tail at 90 % load; each receiver misses this share of all reports and of all gossip. p99 in milliseconds.',
  heads: ['policy', 'schedulers'],
  measures: [],
  variants: (given) =>
    replicas.flatMap((schedulers) =>
      [0, 0.01, 0.05].map((lossShare) => ({
        policy: 'full' as const,
        row: [policyTitles.full, String(schedulers)],
        column: `${lossShare * 100} %`,
        setting: {
          ...toSetting({ policy: 'full', workload: heavyTail, load: 0.9, schedulers }, given),
          lossShare,
        },
      })),
    ),
};

const unequal = [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25];
const unequalWeights = unequal.map((speed) => speed * 4);

const heterogeneousScenario: Scenario = {
  name: 'heterogeneous',
  title: 'Workers of different speed, 90 % load',
  text: 'Four workers, two of half and two of a quarter of their speed; the heavy tail. Weights 4, 2 and 1 are those of `targets[].weight`; the pace is what each adapter reports as `prefillTokensPerSecond`, and it always does: rows without it are for comparison.',
  heads: ['policy', 'schedulers', 'known of the speed'],
  measures: ['p50', 'p95', 'p99', 'shortP99', 'tokenP99'],
  variants: (given) => {
    const rowOf = (policy: PolicyName, knows: string, more: Partial<Setting>): Variant => {
      const schedulers = policy === 'full' ? 3 : 1;
      const outline = { policy, workload: heavyTail, load: 0.9, schedulers, speeds: unequal };
      const setting = { ...toSetting(outline, given), ...more };
      return { policy, row: [policyTitles[policy], String(schedulers), knows], setting };
    };
    return [
      rowOf('round-robin', 'nothing', {}),
      rowOf('least-requests', 'nothing', {}),
      rowOf('least-requests', 'weights', { weights: unequalWeights }),
      rowOf('full', 'nothing', { tellsPace: false }),
      rowOf('full', 'weights', { tellsPace: false, weights: unequalWeights }),
      rowOf('full', 'pace', {}),
      rowOf('full', 'pace and weights', { weights: unequalWeights }),
    ];
  },
};

const burstScenario: Scenario = {
  name: 'burst',
  title: 'Five times the load for 10 s',
  text: 'The heavy tail at 30 % load, and for 10 s at 150 %. What is too much waits at the workers here. Figures are of what came from 1 s before the burst on; recovered is p99 within 1.5 times that of a run without it.',
  heads: ['policy', 'schedulers'],
  measures: ['p50', 'p95', 'p99', 'shortP99', 'recovery', 'failed'],
  variants: (given) =>
    (['round-robin', 'least-requests', 'full'] as const).map((policy) => {
      const schedulers = policy === 'full' ? 3 : 1;
      const usual = toSetting({ policy, workload: heavyTail, load: 0.3, schedulers }, given);
      const atMs = given.durationMs / 3;
      const setting = {
        ...usual,
        arrivals: { ...usual.arrivals, burst: { atMs, forMs: 10_000, factor: 5 } },
      };
      const row = [policyTitles[policy], String(schedulers)];
      return { policy, row, setting, change: { atMs, goal: usual } };
    }),
};

export const placementScenarios: readonly Scenario[] = [
  heavyTailScenario,
  loadScenario,
  uniformScenario,
  stalenessScenario,
  lossScenario,
  heterogeneousScenario,
  burstScenario,
];
