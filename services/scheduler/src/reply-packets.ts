import { encodePacket, frameKinds, jsonFrame, type WireError } from '@weir/contracts';

/** Tag of hops before the adapter. */
const hopTag = 0;

export const errorPacket = (error: WireError): Uint8Array =>
  encodePacket(hopTag, [jsonFrame(frameKinds.error, 0, error)]);
