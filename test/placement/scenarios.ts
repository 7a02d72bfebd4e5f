import { createSimulatorAdmin } from '../e2e/support/simulator-admin.ts';
import { workerCapacity } from './capacity.ts';
import { faults, frozen, silent } from './faults.ts';
import { type LoadRun, runLoad } from './run-load.ts';
import type { Finding, Row, ScenarioInput, ScenarioResult } from './scenario.ts';
import type { Placement } from './site-config.ts';
import { summarize, summarizeCaller, warmUpMs } from './summarize.ts';
import type { TicketTimes } from './ticket-book.ts';
import { startTicketWatch, toHops } from './ticket-watch.ts';
import { type CallerKind, type Site, speedup, startSite, workers } from './workers.ts';
import { type Caller, heavyTail, planLoad, type Sizes, uniform } from './workload.ts';

const capacityOf = (sizes: Sizes, speeds = Array<number>(workers).fill(1)): number =>
  workerCapacity(sizes) * speedup * speeds.reduce((sum, speed) => sum + speed, 0);

const usual = 0.9;
const overload = 1.15;

const run = async (
  site: Site,
  input: ScenarioInput,
  load: { readonly sizes: Sizes; readonly callers: readonly Caller[]; readonly capacity: number },
  placement: Placement,
  kindOf?: (caller: string) => CallerKind,
): Promise<LoadRun> => {
  const planned = planLoad({ ...load, seed: input.seed, seconds: input.seconds });
  const ran = await runLoad(site, { placement, planned, ...(kindOf ? { kindOf } : {}) });
  await expectNothingLeft(site);
  return ran;
};

/** The workers' own word: nothing runs that nobody waits for. */
const expectNothingLeft = async ({ mesh }: Site): Promise<void> => {
  for (const { url } of mesh.simulators) {
    const active = await createSimulatorAdmin(url).active();
    if (active !== 0) throw new Error(`${active} calls are still under way at ${url}`);
  }
};

/** `caller`: the row is of its requests alone. */
const say = (
  { say: tell }: ScenarioInput,
  name: string,
  { samples, counted }: LoadRun,
  caller?: string,
): Row => {
  const summary = caller === undefined ? summarize(samples) : summarizeCaller(samples, caller);
  tell(
    `  ${name}: p50 ${Math.round(summary.p50Ms)}, p99 ${Math.round(summary.p99Ms)} ms of ${summary.requests}, ${summary.failed} failed`,
  );
  return { name, summary, counted };
};

const p99Of = (rows: readonly Row[], name: string): number =>
  rows.find((row) => row.name === name)?.summary.p99Ms ?? Number.NaN;

const compareStrategies = async (
  site: Site,
  input: ScenarioInput,
  sizes: Sizes,
  speeds?: readonly number[],
): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  for (const placement of ['round-robin', 'least-requests', 'least-tokens-queued'] as const) {
    const load = {
      sizes,
      callers: [{ name: 'all', load: usual }],
      capacity: capacityOf(sizes, speeds ? [...speeds] : undefined),
    };
    rows.push(say(input, placement, await run(site, input, load, placement)));
  }
  return rows;
};

const withSite = async <Result>(
  schedulers: number,
  work: (site: Site) => Promise<Result>,
): Promise<Result> => {
  const site = await startSite(schedulers);
  try {
    return await work(site);
  } finally {
    await site.stop();
  }
};

const ltq: Placement = 'least-tokens-queued';

/** From policy's question for a place until an adapter has the request, when there is room. */
const acceptedWithinMs = 5;

const toFindings = (times: readonly TicketTimes[]): Finding[] =>
  toHops(times).flatMap(({ name, p50Ms, p99Ms }) => [
    { what: `${name}, p50 of ${times.length}, ms`, figure: p50Ms, atMost: undefined },
    {
      what: `${name}, p99, ms`,
      figure: p99Ms,
      atMost: name === 'ticket to accepted' ? acceptedWithinMs : undefined,
    },
  ]);

const heavy = (input: ScenarioInput): Promise<ScenarioResult> =>
  withSite(1, async (site) => {
    const { nats, services } = site.mesh;
    const adapters = services.adapter.map(({ instance }) => instance);
    const watch = await startTicketWatch({ natsUrl: nats().url, adapters });
    const rows = await compareStrategies(site, input, heavyTail);
    const times = (await watch.stop()).filter(({ submittedAt }) => submittedAt > watch.startedAt + warmUpMs);
    return {
      title: 'Prompts of very different length, 90 % load',
      rows,
      findings: [
        {
          what: 'p99, of that of round-robin',
          figure: p99Of(rows, ltq) / p99Of(rows, 'round-robin'),
          atMost: 0.35,
        },
        {
          what: 'p99, of that of least-requests',
          figure: p99Of(rows, ltq) / p99Of(rows, 'least-requests'),
          atMost: 0.6,
        },
        ...toFindings(times),
      ],
    };
  });

/** What two runs saw, as if they were one. */
const together = (one: LoadRun | undefined, other: LoadRun): LoadRun =>
  one === undefined
    ? other
    : {
        samples: [...one.samples, ...other.samples],
        counted: {
          mostTokens: Math.max(one.counted.mostTokens, other.counted.mostTokens),
          mostAttempts: Math.max(one.counted.mostAttempts, other.counted.mostAttempts),
          zeroAfterMs: Math.max(one.counted.zeroAfterMs, other.counted.zeroAfterMs),
        },
      };

/** The tail of one run is a dozen requests: each has two, of other loads, and neither has the better half of the time. */
const replicaTurns = [
  { schedulers: 1, round: 0 },
  { schedulers: 3, round: 0 },
  { schedulers: 3, round: 1 },
  { schedulers: 1, round: 1 },
] as const;

const replicas = async (input: ScenarioInput): Promise<ScenarioResult> => {
  const runs = new Map<number, LoadRun>();
  const load = {
    sizes: heavyTail,
    callers: [{ name: 'all', load: usual }],
    capacity: capacityOf(heavyTail),
  };
  for (const { schedulers, round } of replicaTurns) {
    const given = { ...input, seed: input.seed + round };
    const ran = await withSite(schedulers, (site) => run(site, given, load, ltq));
    say(input, `${schedulers} schedulers, load ${round + 1}`, ran);
    runs.set(schedulers, together(runs.get(schedulers), ran));
  }
  const rows = [...runs].map(([schedulers, ran]) => say(input, `${schedulers} schedulers`, ran));
  return {
    title: 'The same by one scheduler and by three, two loads each',
    rows,
    findings: [
      {
        what: 'p99, of that of one',
        figure: p99Of(rows, '3 schedulers') / p99Of(rows, '1 schedulers'),
        atMost: 1.15,
      },
    ],
  };
};

const equalPrompts = (input: ScenarioInput): Promise<ScenarioResult> =>
  withSite(1, async (site) => {
    const rows = await compareStrategies(site, input, uniform);
    return {
      title: 'Prompts of equal length, 90 % load: round-robin may win',
      rows,
      findings: [
        {
          what: 'p99, of that of round-robin',
          figure: p99Of(rows, ltq) / p99Of(rows, 'round-robin'),
          atMost: undefined,
        },
      ],
    };
  });

const unequalWorkers = (input: ScenarioInput): Promise<ScenarioResult> =>
  withSite(1, async (site) => {
    const speeds = Array.from({ length: workers }, (_, at) => (at < workers / 2 ? 1 : 0.5));
    for (const [at, speed] of speeds.entries()) await site.setSpeed(at, speed);
    const rows = await compareStrategies(site, input, heavyTail, speeds);
    return {
      title: 'Half of the workers at half the speed, 90 % load',
      rows,
      findings: [
        {
          what: 'p99, of that of round-robin',
          figure: p99Of(rows, ltq) / p99Of(rows, 'round-robin'),
          atMost: undefined,
        },
      ],
    };
  });

const urgentShare = 0.2;

const priorities = (input: ScenarioInput): Promise<ScenarioResult> =>
  withSite(1, async (site) => {
    const rows: Row[] = [];
    for (const placement of [ltq, 'queued'] as const) {
      const callers = [
        { name: 'urgent', load: overload * urgentShare },
        { name: 'usual', load: overload * (1 - urgentShare) },
      ];
      const load = { sizes: heavyTail, callers, capacity: capacityOf(heavyTail) };
      const ran = await run(site, input, load, placement, (caller) =>
        caller === 'urgent' ? { kind: 'urgent' } : {},
      );
      for (const { name } of callers) {
        rows.push(say(input, `${placement}, ${name}`, ran, name));
      }
    }
    return {
      title: '115 % load, a fifth of it urgent: pushed to the workers, and with a queue before them',
      rows,
      findings: [
        {
          what: 'p99 of the urgent, of that without a queue',
          figure: p99Of(rows, 'queued, urgent') / p99Of(rows, `${ltq}, urgent`),
          atMost: 0.25,
        },
      ],
    };
  });

const modestLoad = 0.3;

/** At first both ask for what is theirs together, then one of them for far more than there is. */
const companies = [
  ['beside a tenant with its share', overload - modestLoad - 0.2],
  ['beside a greedy tenant', overload - modestLoad + 0.3],
] as const;

const fairness = (input: ScenarioInput): Promise<ScenarioResult> =>
  withSite(1, async (site) => {
    const runs = new Map<string, LoadRun>();
    // The p99 of one run rests on a handful of requests: each has two, of other loads.
    for (const round of [0, 1]) {
      for (const [name, greedyLoad] of companies) {
        const callers = [
          { name: 'modest', load: modestLoad },
          { name: 'greedy', load: greedyLoad },
        ];
        const load = { sizes: heavyTail, callers, capacity: capacityOf(heavyTail) };
        const given = { ...input, seed: input.seed + round };
        const ran = await run(site, given, load, 'queued', (caller) => ({
          key: caller === 'greedy' ? 'greedy' : 'demo',
        }));
        say(input, `modest, ${name}, load ${round + 1}`, ran, 'modest');
        runs.set(name, together(runs.get(name), ran));
      }
    }
    const rows = [...runs].flatMap(([name, ran]) => [
      say(input, `modest, ${name}`, ran, 'modest'),
      say(input, `other, ${name}`, ran, 'greedy'),
    ]);
    return {
      title:
        'A tenant that asks for less than its share, beside one that asks for more than there is, two loads each',
      rows,
      findings: [
        {
          what: 'p99 of the modest one, of that beside a tenant with its share',
          figure:
            p99Of(rows, 'modest, beside a greedy tenant') /
            p99Of(rows, 'modest, beside a tenant with its share'),
          atMost: 1.5,
        },
      ],
    };
  });

export const scenarios = {
  'heavy-tail': heavy,
  replicas,
  'equal-prompts': equalPrompts,
  'unequal-workers': unequalWorkers,
  priorities,
  fairness,
  faults,
  frozen,
  silent,
} as const satisfies Record<string, (input: ScenarioInput) => Promise<ScenarioResult>>;

export type ScenarioName = keyof typeof scenarios;
