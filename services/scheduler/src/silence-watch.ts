import type { Logger } from '@weir/runtime';
import type { PoolView } from './core/pool-view.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';

/** What lasts is told this often. */
const tellMs = 10_000;

/** Tells the operator, each time it is called, of pools whose load reports have stopped. */
export const createSilenceWatch = (input: {
  readonly pools: Pick<PoolView, 'unheard'>;
  readonly metrics: Pick<SchedulerMetrics, 'setUnheardPools'>;
  readonly logger: Pick<Logger, 'warn'>;
  readonly now: () => number;
}): (() => void) => {
  const { pools, metrics, logger, now } = input;
  let toldAt = Number.NEGATIVE_INFINITY;
  return () => {
    const at = now();
    const unheard = pools.unheard(at);
    metrics.setUnheardPools(unheard.length);
    if (unheard.length === 0 || at - toldAt < tellMs) return;
    toldAt = at;
    logger.warn({ pools: unheard }, 'load reports have stopped: the link to NATS may be to blame');
  };
};
