import { type Counted, countWhile } from './count-while.ts';
import { runOpenLoad, type Sample } from './open-load.ts';
import { readTargets } from './read-targets.ts';
import type { Placement } from './site-config.ts';
import type { CallerKind, Site } from './workers.ts';
import type { PlannedRequest } from './workload.ts';

export interface LoadRun {
  readonly samples: readonly Sample[];
  readonly counted: Counted;
}

/** Sends a load to one of the placements, and looks at what the schedulers count there until that is 0 again. */
export const runLoad = async (
  site: Site,
  input: {
    readonly placement: Placement;
    readonly planned: readonly PlannedRequest[];
    /** Absent: all are the same. */
    readonly kindOf?: (caller: string) => CallerKind;
    /** What happens meanwhile. */
    readonly beside?: () => Promise<void>;
  },
): Promise<LoadRun> => {
  const { placement, planned, kindOf, beside } = input;
  const counting = {
    read: () => readTargets(site.bus, placement),
    schedulers: site.mesh.services.scheduler.map(({ instance }) => instance),
  };
  const { result, counted } = await countWhile(counting, async () => {
    const [samples] = await Promise.all([
      runOpenLoad(planned, (caller) => site.target(placement, kindOf?.(caller))),
      beside?.(),
    ]);
    return samples;
  });
  return { samples: result, counted };
};
