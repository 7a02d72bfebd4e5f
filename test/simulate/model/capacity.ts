import { createEngine } from '../../../services/simulator/src/core/engine/engine.ts';
import { engineProfiles } from '../../../services/simulator/src/core/engine/profiles.ts';
import { createRandom } from '../../../services/simulator/src/core/seeded-random.ts';
import { drawRequest, type Workload } from './workload.ts';

const warmUpMs = 30_000;
const measuredMs = 120_000;
const waiting = 32;

/** Requests a second that one worker of speed 1 finishes when it is never short of work. */
export const measureCapacity = (workload: Workload): number => {
  const random = createRandom(1);
  const engine = createEngine(engineProfiles['8b-h100'], random);
  let now = 0;
  let added = 0;
  let finished = 0;
  while (now < warmUpMs + measuredMs) {
    while (engine.gauges().waiting < waiting) {
      added += 1;
      engine.add({ id: added, ...drawRequest(workload, random), priority: 0, blockHashes: [] });
    }
    const step = engine.begin();
    if (step === undefined) break;
    now += step.durationMs;
    const ended = engine.end(step).filter((emission) => emission.finished).length;
    if (now > warmUpMs) finished += ended;
  }
  return (finished * 1_000) / measuredMs;
};
