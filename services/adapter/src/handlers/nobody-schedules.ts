import { encodePacket, frameKinds, jsonFrame, partsOfHop, subjects } from '@weir/contracts';
import type { Bus, BusMessage } from '@weir/messaging';

/** `weir.v1.hop.<instance>…`: no scheduler listens to what was handed back, so the ingress is told. */
export const createNobodyHandler =
  (bus: Bus) =>
  (message: BusMessage): void => {
    if (!message.noResponders) return;
    const { ingress, request } = partsOfHop(message.subject);
    const error = {
      reason: 'no_scheduler',
      message: 'No scheduler is running.',
      retryAfterMs: 1_000,
      resubmit: true,
    };
    bus.publish(subjects.reply(ingress, request), encodePacket(0, [jsonFrame(frameKinds.error, 0, error)]));
  };
