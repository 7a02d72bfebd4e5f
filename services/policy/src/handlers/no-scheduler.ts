import { noSchedulerPacket, partsOfHop, subjects } from '@weir/contracts';
import type { Bus, BusMessage } from '@weir/messaging';
import type { PolicyMetrics } from '../policy-metrics.ts';

export interface NoSchedulerDependencies {
  readonly bus: Pick<Bus, 'publish'>;
  readonly metrics: Pick<PolicyMetrics, 'countNoScheduler'>;
}

type Notice = Pick<BusMessage, 'subject' | 'noResponders'>;

/** The server says that nobody took what was handed on: the ingress that waits for it is told. */
export const createNoScheduler =
  ({ bus, metrics }: NoSchedulerDependencies) =>
  ({ subject, noResponders }: Notice): void => {
    if (!noResponders) return;
    const { ingress, request } = partsOfHop(subject);
    metrics.countNoScheduler();
    bus.publish(subjects.reply(ingress, request), noSchedulerPacket());
  };
