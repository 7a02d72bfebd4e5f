import { noSchedulerPacket, partsOfHop, subjects } from '@weir/contracts';
import type { Bus, BusMessage } from '@weir/messaging';

/** `weir.v1.hop.<instance>…`: no scheduler listens to what was handed back, so the ingress is told. */
export const createNobodyHandler =
  (bus: Bus) =>
  (message: BusMessage): void => {
    if (!message.noResponders) return;
    const { ingress, request } = partsOfHop(message.subject);
    bus.publish(subjects.reply(ingress, request), noSchedulerPacket());
  };
