import { encodePacket, frameKinds, jsonFrame, type QueuedFrame } from '@weir/contracts';

/** Of a hop that runs no attempt. */
const hopTag = 0;

/** Tells an ingress that its request waits. */
export const queuedPacket = (frame: QueuedFrame): Uint8Array =>
  encodePacket(hopTag, [jsonFrame(frameKinds.queued, 0, frame)]);
