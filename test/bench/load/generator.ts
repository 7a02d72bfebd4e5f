import { serveRequests } from '../process/child-side.ts';
import { runClosedLoop } from './closed-loop.ts';
import type { LoadJob, LoadResult } from './jobs.ts';
import { runPacedStreams } from './paced-streams.ts';

// A process of its own: the CPU time of the load is not that of anything measured.
serveRequests(
  {},
  (job: LoadJob): Promise<LoadResult> =>
    job.kind === 'closed-loop' ? runClosedLoop(job) : runPacedStreams(job),
);
