import { errorPacket, partsOfHop, subjects } from '@weir/contracts';
import type { Bus, BusMessage } from '@weir/messaging';
import type { PoolView } from '../core/pool-view.ts';
import { lostAdapter } from '../core/refusals.ts';
import type { SchedulerMetrics } from '../scheduler-metrics.ts';

export interface NoAdapterDependencies {
  readonly bus: Pick<Bus, 'publish'>;
  readonly pools: Pick<PoolView, 'gone'>;
  readonly metrics: Pick<SchedulerMetrics, 'countDecision'>;
}

type Notice = Pick<BusMessage, 'subject' | 'noResponders'>;

/** The server says that the chosen adapter is not there: it is not chosen again, and the ingress is told. */
export const createNoAdapter =
  ({ bus, pools, metrics }: NoAdapterDependencies) =>
  ({ subject, noResponders }: Notice): void => {
    if (!noResponders) return;
    const { next, ingress, request } = partsOfHop(subject);
    pools.gone(next);
    metrics.countDecision('adapter_gone');
    bus.publish(subjects.reply(ingress, request), errorPacket(lostAdapter));
  };
