import { setTimeout as delay } from 'node:timers/promises';
import { readMetric } from '../chaos/support/metrics.ts';
import { readTargets } from './read-targets.ts';
import type { MetricsMode, Site } from './workers.ts';

/** What goes wrong with one worker for a while. */
export interface Fault {
  readonly name: string;
  readonly begin: (site: Site, worker: number) => Promise<void> | void;
  /**
   * Whether the mesh meets it, asked under load just before its end: one that does not happen would pass for harmless.
   * Absent: there is no way around it.
   */
  readonly isFelt?: (site: Site, worker: number) => Promise<boolean>;
  readonly end: (site: Site, worker: number) => Promise<void> | void;
}

const timeoutMs = 5_000;

const readText = async (url: string): Promise<string> =>
  (await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })).text();

/** How often the worker's agent got such an answer to its question for metrics. */
const countReads = ({ agents }: Site, worker: number, outcome: string): Promise<number> =>
  readMetric(agents[worker]?.healthUrl, 'weir_engine_metrics_reads_total', `outcome="${outcome}"`);

/** They are read, and do not move while requests come and go. */
const isFrozen = async (site: Site, worker: number): Promise<boolean> => {
  const url = `${site.mesh.simulators[worker]?.url}/metrics`;
  const readsBefore = await countReads(site, worker, 'read');
  const before = await readText(url);
  await delay(2_000);
  return (await readText(url)) === before && (await countReads(site, worker, 'read')) > readsBefore;
};

const withMetrics = (
  name: string,
  mode: MetricsMode,
  isFelt: (site: Site, worker: number) => Promise<boolean>,
): Fault => ({
  name,
  begin: (site, worker) => site.setMetrics(worker, mode),
  isFelt,
  end: (site, worker) => site.setMetrics(worker, 'current'),
});

export const failingWorkers: readonly Fault[] = [
  {
    name: 'hangs for a while',
    begin: (site, worker) => site.signal(worker, 'SIGSTOP'),
    end: (site, worker) => site.signal(worker, 'SIGCONT'),
  },
  {
    name: 'is three times slower for a while',
    begin: (site, worker) => site.setSpeed(worker, 1 / 3),
    end: (site, worker) => site.setSpeed(worker, 1),
  },
  {
    name: 'is killed',
    begin: (site, worker) => site.signal(worker, 'SIGKILL'),
    end: () => undefined,
  },
];

/** Its agent counts what it sends there; the engine's own word, which is added to that, is of another time. */
export const misreportingWorkers: readonly Fault[] = [
  withMetrics('shows frozen metrics', 'frozen', isFrozen),
];

export const silentWorkers: readonly Fault[] = [
  withMetrics(
    'does not answer for its metrics',
    'stalled',
    async (site, worker) => (await countReads(site, worker, 'unreachable')) > 0,
  ),
  withMetrics(
    'answers 500 for its metrics',
    'failing',
    async (site, worker) => (await countReads(site, worker, 'status')) > 0,
  ),
  {
    name: 'has an agent whose reports are lost',
    begin: (site, worker) => site.setReports(worker, false),
    isFelt: async ({ bus }, worker) => {
      const { targets } = await readTargets(bus, 'guarded');
      return targets.find(({ target }) => target === `t${worker}`)?.verdict === 'no_adapter';
    },
    end: (site, worker) => site.setReports(worker, true),
  },
];
