import { errorPacket, partsOfHop, subjects } from '@weir/contracts';
import type { Bus, BusMessage } from '@weir/messaging';
import type { Peers } from '../core/peers.ts';
import type { PoolView } from '../core/pool-view.ts';
import { lostAdapter, lostQueue } from '../core/refusals.ts';
import type { SchedulerMetrics } from '../scheduler-metrics.ts';

export interface NoAdapterDependencies {
  readonly bus: Pick<Bus, 'publish'>;
  readonly pools: Pick<PoolView, 'gone'>;
  readonly peers: Pick<Peers, 'gone' | 'isKnown'>;
  readonly metrics: Pick<SchedulerMetrics, 'countDecision'>;
}

type Notice = Pick<BusMessage, 'subject' | 'noResponders'>;

/** The server says that the chosen adapter, or peer, is not there: it is not chosen again, and the ingress is told. */
export const createNoAdapter =
  ({ bus, pools, peers, metrics }: NoAdapterDependencies) =>
  ({ subject, noResponders }: Notice): void => {
    if (!noResponders) return;
    const { next, ingress, request } = partsOfHop(subject);
    const isPeer = peers.isKnown(next);
    if (isPeer) peers.gone(next);
    else pools.gone(next);
    metrics.countDecision(isPeer ? 'peer_gone' : 'adapter_gone');
    bus.publish(subjects.reply(ingress, request), errorPacket(isPeer ? lostQueue : lostAdapter));
  };
