import { setTimeout as delay } from 'node:timers/promises';
import { workerCapacity } from './capacity.ts';
import { runOpenLoad, type Sample } from './open-load.ts';
import type { Row, ScenarioInput, ScenarioResult } from './scenario.ts';
import { quantile, summarize } from './summarize.ts';
import { type Site, speedup, startSite, workers } from './workers.ts';
import { heavyTail, planLoad } from './workload.ts';

interface Fault {
  readonly name: string;
  readonly begin: (site: Site, worker: number) => Promise<void> | void;
  readonly end: (site: Site, worker: number) => Promise<void> | void;
}

const faultList: readonly Fault[] = [
  {
    name: 'hangs for 15 s',
    begin: (site, worker) => site.signal(worker, 'SIGSTOP'),
    end: (site, worker) => site.signal(worker, 'SIGCONT'),
  },
  {
    name: 'is three times slower for 15 s',
    begin: (site, worker) => site.setSpeed(worker, 1 / 3),
    end: (site, worker) => site.setSpeed(worker, 1),
  },
  { name: 'is killed', begin: (site, worker) => site.signal(worker, 'SIGKILL'), end: () => undefined },
];

const load = 0.7;
const calmMs = 20_000;
const faultMs = 15_000;
const windowMs = 5_000;
/** Of the p99 before: what comes back to that has recovered, as far as a window of some hundred requests can tell. */
const recovered = 1.5;

const p99 = (samples: readonly Sample[], fromMs: number, untilMs: number): number =>
  quantile(
    samples.flatMap(({ atMs, firstByteMs }) =>
      atMs >= fromMs && atMs < untilMs && firstByteMs !== undefined ? [firstByteMs] : [],
    ),
    0.99,
  );

/** Milliseconds from the fault to the first window of requests whose p99 is that of before. */
const recoveryMs = (samples: readonly Sample[], untilMs: number): number => {
  const before = p99(samples, windowMs, calmMs);
  for (let from = calmMs; from + windowMs <= untilMs; from += 1_000) {
    if (p99(samples, from, from + windowMs) <= recovered * before) return from - calmMs;
  }
  return Number.POSITIVE_INFINITY;
};

/** The last worker fails in the middle of the load, in one way after the other; the killed one stays away. */
export const faults = async (input: ScenarioInput): Promise<ScenarioResult> => {
  const site = await startSite(2);
  const rows: Row[] = [];
  const findings: ScenarioResult['findings'][number][] = [];
  const seconds = Math.max(60, input.seconds);
  const capacity = workerCapacity(heavyTail) * speedup * workers;
  try {
    for (const [position, { name, begin, end }] of faultList.entries()) {
      const planned = planLoad({
        seed: input.seed + position,
        seconds,
        sizes: heavyTail,
        capacity,
        callers: [{ name: 'all', load }],
      });
      const sending = runOpenLoad(planned, () => site.target('guarded', { kind: 'guarded' }));
      await delay(calmMs);
      await begin(site, workers - 1);
      await delay(faultMs);
      await end(site, workers - 1);
      const samples = await sending;
      const summary = summarize(samples);
      rows.push({ name, summary });
      const backMs = recoveryMs(samples, seconds * 1_000);
      input.say(`  ${name}: ${summary.failed} failed, p99 back after ${(backMs / 1_000).toFixed(0)} s`);
      findings.push(
        { what: `${name}: requests without an answer`, figure: summary.failed, atMost: 0 },
        { what: `${name}: seconds until p99 is back`, figure: backMs / 1_000, atMost: 10 },
      );
    }
  } finally {
    await site.stop();
  }
  return { title: 'One of eight workers fails at 70 % load', rows, findings };
};
