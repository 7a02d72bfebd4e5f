import { fileURLToPath } from 'node:url';
import type { Competitor, RunningCompetitor } from './competitors/competitor.ts';
import type { LoadJob, LoadResult } from './load/jobs.ts';
import { startBenchChild } from './process/bench-child.ts';
import { commonRoles, type NamedProcess } from './process/process-stats.ts';
import type { ProfileRequest } from './profile/profile-environment.ts';

/** Everything that runs while the bench measures. */
export interface Stage {
  readonly competitors: ReadonlyMap<string, RunningCompetitor>;
  /** What every competitor needs to be measured. */
  readonly commonProcesses: readonly NamedProcess[];
  readonly run: (job: LoadJob, timeoutMs: number) => Promise<LoadResult>;
  readonly stop: () => Promise<void>;
}

const upstreamFile = fileURLToPath(new URL('./upstream/instant-upstream.ts', import.meta.url));
const generatorFile = fileURLToPath(new URL('./load/generator.ts', import.meta.url));

export interface StageSettings {
  readonly competitors: readonly Competitor[];
  readonly profile: ProfileRequest | undefined;
}

export const startStage = async (settings: StageSettings): Promise<Stage> => {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  try {
    const upstream = await startBenchChild(upstreamFile);
    stops.push(upstream.stop);
    const generator = await startBenchChild(generatorFile);
    stops.push(generator.stop);
    const competitors = new Map<string, RunningCompetitor>();
    for (const competitor of settings.competitors) {
      const running = await competitor.start({
        upstreamPort: Number(upstream.ready['port']),
        profile: settings.profile,
      });
      stops.push(running.stop);
      competitors.set(competitor.name, running);
    }
    return {
      competitors,
      commonProcesses: [
        { role: commonRoles.upstream, pid: upstream.pid },
        { role: commonRoles.generator, pid: generator.pid },
        // This process, which idles but for the lines that the services write.
        { role: commonRoles.harness, pid: process.pid },
      ],
      run: async (job, timeoutMs) => (await generator.request(job, timeoutMs)) as LoadResult,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
