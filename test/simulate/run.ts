import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { formatNumber } from '../bench/report/table.ts';
import { isMet, measureFaultGates, measurePlacementGates, renderGates } from './gates.ts';
import { createLaboratory, type DecisionTime, type Laboratory } from './laboratory.ts';
import { heavyTail } from './model/workload.ts';
import { readSimulateOptions, type SimulateOptions } from './options.ts';
import { plotScenario } from './report/plot-scenario.ts';
import { type Measured, renderScenario } from './report/render-scenario.ts';
import { writeSection } from './report/write-section.ts';
import { scenarios } from './scenarios/index.ts';
import type { Scenario } from './scenarios/scenario.ts';

const docs = new URL('../../docs/', import.meta.url);
const say = (text: string): void => {
  process.stdout.write(`${text}\n\n`);
};

const measure = (scenario: Scenario, laboratory: Laboratory, options: SimulateOptions): Measured[] =>
  scenario
    .variants(laboratory.given)
    .filter(({ policy }) => options.policies.length === 0 || options.policies.includes(policy))
    .map((variant) => ({ variant, result: laboratory.resultOf(variant) }));

const renderHead = ({ seeds, durationMs }: SimulateOptions, { given }: Laboratory): string => {
  const [first, last] = [seeds[0], seeds.at(-1)];
  const named = first === last ? `seed ${first}` : `medians of seeds ${first} to ${last}`;
  const capacity = formatNumber(given.capacityOf(heavyTail) * 8);
  return `Runs of ${durationMs / 1_000} s, ${named}; times in milliseconds. Eight equal workers finish ${capacity} requests of the heavy tail a second: that is 100 % load.`;
};

/** Leaks are a fault of the core, so they are counted over all runs and never averaged. */
const renderLeaks = (measured: readonly Measured[]): string => {
  const leaked = measured.reduce((sum, { result }) => sum + result.leaked, 0);
  return `Counted by schedulers or adapters after the last answer, over all ${formatNumber(measured.length)} settings: ${leaked}.`;
};

/** The only figures that differ from run to run. */
const renderDecisions = ({ p50, p99, decisions }: DecisionTime): string =>
  `A decision took ${formatNumber(p50, 1)} µs at the median and ${formatNumber(p99, 1)} µs at p99 (medians of the runs; ${formatNumber(decisions)} decisions, real clock).`;

const write = async (text: string, measured: ReadonlyMap<Scenario, readonly Measured[]>): Promise<void> => {
  const page = new URL('scheduling.md', docs);
  await writeFile(page, writeSection(await readFile(page, 'utf8'), text));
  await mkdir(new URL('plots/', docs), { recursive: true });
  for (const [{ plot }, results] of measured) {
    if (plot) await writeFile(new URL(`plots/${plot.file}`, docs), plotScenario(plot, results));
  }
  say(`wrote ${fileURLToPath(page)}`);
};

const run = async (): Promise<void> => {
  const names = scenarios.map(({ name }) => name);
  const options = readSimulateOptions(process.argv.slice(2), names);
  const laboratory = createLaboratory({ ...options, clock: () => performance.now() * 1_000 });
  const measured = new Map<Scenario, readonly Measured[]>();
  const texts: string[] = [];
  const tell = (text: string): void => {
    texts.push(text);
    say(text);
  };
  tell(renderHead(options, laboratory));
  const isWhole = options.scenarios.length + options.policies.length === 0;
  const gates = isWhole ? [...measurePlacementGates(laboratory), ...measureFaultGates(laboratory)] : [];
  if (isWhole) tell(renderGates(gates));
  for (const scenario of scenarios) {
    if (options.scenarios.length > 0 && !options.scenarios.includes(scenario.name)) continue;
    const results = measure(scenario, laboratory, options);
    measured.set(scenario, results);
    tell(renderScenario(scenario, results));
  }
  const all = [...measured.values()].flat();
  tell(renderLeaks(all));
  tell(renderDecisions(laboratory.decisionTime()));
  if (options.writes) await write(texts.join('\n\n'), measured);
  const isSound = gates.every(isMet) && all.every(({ result }) => result.leaked === 0);
  process.exitCode = isSound ? 0 : 1;
};

await run();
