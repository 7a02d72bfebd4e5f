import type { ServiceContext } from '@weir/runtime';
import { type Served, servedTargets } from './core/engine-metrics/engine-questions.ts';
import { createEngineWatch, type EngineWatch } from './engine-watch.ts';
import { createEngineMetrics, type KnownEngine } from './engine-watch-metrics.ts';
import type { LiveUpstreams } from './live-upstreams.ts';
import { createQuestionClient } from './upstream/question-client.ts';

const tickMs = 100;
/** Eight replicas of vLLM behind one address show about 400 KB. */
const maxBytes = 1_048_576;

/** Asks engines for their load from now on, until shut-down. */
export const startEngineWatch = (
  { metrics, logger, now, lifecycle }: ServiceContext,
  upstreams: LiveUpstreams,
  served: Served,
): EngineWatch => {
  const client = createQuestionClient({ maxBytes });
  const known = function* (): Iterable<KnownEngine> {
    for (const { name, config } of upstreams.all()) {
      for (const target of servedTargets(served, name, config.targets)) {
        const engine = watch.of(name, target.name);
        if (engine !== undefined) yield { upstream: name, target: target.name, engine };
      }
    }
  };
  const watch = createEngineWatch({
    upstreams,
    served,
    client,
    metrics: createEngineMetrics(metrics, known),
    logger,
    now,
  });
  const ticking = setInterval(() => watch.tick(), tickMs);
  lifecycle.onShutdown('drain', 'engine metrics', async () => {
    clearInterval(ticking);
    await client.close();
  });
  return watch;
};
