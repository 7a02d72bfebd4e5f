import { createEngine } from '../../services/simulator/src/core/engine/engine.ts';
import { engineProfiles } from '../../services/simulator/src/core/engine/profiles.ts';
import { createRandom } from '../../services/simulator/src/core/seeded-random.ts';
import { drawSizes, type Sizes } from './workload.ts';

/** As many as keep a worker busy without filling its memory. */
const inFlight = 64;
const requests = 4_000;

/**
 * Requests per second that one worker of the simulator can do at its own speed, with always enough to do: its own engine,
 * run in virtual time.
 */
export const workerCapacity = (sizes: Sizes): number => {
  const engine = createEngine(engineProfiles['8b-h100'], createRandom(7));
  const random = createRandom(11);
  let added = 0;
  let ended = 0;
  let nowMs = 0;
  const add = (): void => {
    added += 1;
    engine.add({ id: added, priority: 0, blockHashes: [], ...drawSizes(random, sizes) });
  };
  for (let count = 0; count < inFlight; count += 1) add();
  while (ended < requests) {
    const step = engine.begin();
    if (!step) throw new Error('the engine has nothing to do');
    nowMs += step.durationMs;
    for (const { finished } of engine.end(step)) {
      if (!finished) continue;
      ended += 1;
      add();
    }
  }
  return (ended * 1_000) / nowMs;
};
