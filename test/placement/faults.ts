import { setTimeout as delay } from 'node:timers/promises';
import { workerCapacity } from './capacity.ts';
import { type Fault, failingWorkers, misreportingWorkers, silentWorkers } from './fault-list.ts';
import type { Sample } from './open-load.ts';
import { runLoad } from './run-load.ts';
import type { Row, ScenarioInput, ScenarioResult } from './scenario.ts';
import { quantile, summarize } from './summarize.ts';
import { type Site, speedup, startSite, type Way, workers } from './workers.ts';
import { heavyTail, planLoad } from './workload.ts';

const load = 0.7;
const windowMs = 5_000;
/** Enough to see p99 come back in time. */
const leastSeconds = 30;
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
const recoveryMs = (samples: readonly Sample[], calmMs: number, untilMs: number): number => {
  const before = p99(samples, windowMs, calmMs);
  for (let from = calmMs; from + windowMs <= untilMs; from += 1_000) {
    if (p99(samples, from, from + windowMs) <= recovered * before) return from - calmMs;
  }
  return Number.POSITIVE_INFINITY;
};

/** When the fault begins. */
const calmMsOf = (totalMs: number): number => Math.min(20_000, totalMs / 3);

const strike = async (site: Site, fault: Fault, totalMs: number): Promise<void> => {
  const { name, begin, isFelt, end } = fault;
  const worker = workers - 1;
  await delay(calmMsOf(totalMs));
  await begin(site, worker);
  await delay(Math.min(15_000, totalMs / 4));
  const felt = isFelt === undefined || (await isFelt(site, worker));
  await end(site, worker);
  if (!felt) throw new Error(`nothing shows that a worker ${name}`);
};

const runFault = async (
  site: Site,
  input: ScenarioInput,
  fault: Fault,
  seed: number,
): Promise<{ readonly row: Row; readonly findings: ScenarioResult['findings'] }> => {
  const totalMs = Math.max(leastSeconds, input.seconds) * 1_000;
  const planned = planLoad({
    seed,
    seconds: totalMs / 1_000,
    sizes: heavyTail,
    capacity: workerCapacity(heavyTail) * speedup * workers,
    callers: [{ name: 'all', load }],
  });
  const { samples, counted } = await runLoad(site, {
    placement: 'guarded',
    planned,
    kindOf: () => ({ kind: 'guarded' }),
    beside: () => strike(site, fault, totalMs),
  });
  const { name } = fault;
  const summary = summarize(samples);
  const backSeconds = recoveryMs(samples, calmMsOf(totalMs), totalMs) / 1_000;
  input.say(`  ${name}: ${summary.failed} failed, p99 back after ${backSeconds.toFixed(0)} s`);
  return {
    row: { name, summary, counted },
    findings: [
      { what: `${name}: requests without an answer`, figure: summary.failed, atMost: 0 },
      { what: `${name}: seconds until p99 is back`, figure: backSeconds, atMost: 10 },
    ],
  };
};

/** The last worker fails in the middle of the load, in one way after the other; the killed one stays away. */
const runFaults =
  (title: string, way: Way, faultList: readonly Fault[]) =>
  async (input: ScenarioInput): Promise<ScenarioResult> => {
    const site = await startSite(2, way);
    const rows: Row[] = [];
    const findings: ScenarioResult['findings'][number][] = [];
    try {
      for (const [position, fault] of faultList.entries()) {
        const ran = await runFault(site, input, fault, input.seed + position);
        rows.push(ran.row);
        findings.push(...ran.findings);
      }
    } finally {
      await site.stop();
    }
    return { title, rows, findings };
  };

export const faults = runFaults('One of eight workers fails at 70 % load', 'adapters', failingWorkers);

export const frozen = runFaults(
  'One of eight workers serves and shows what it showed before, 70 % load, an agent beside each',
  'agents',
  misreportingWorkers,
);

export const silent = runFaults(
  'One of eight workers serves and says nothing of its load, 70 % load, an agent beside each',
  'agents',
  silentWorkers,
);
