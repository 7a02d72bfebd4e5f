import { encodePacket, frameKinds, jsonFrame, type WireError } from '@weir/contracts';

/** Tag of hops before the adapter. */
const hopTag = 0;

export const errorPacket = (error: WireError): Uint8Array =>
  encodePacket(hopTag, [jsonFrame(frameKinds.error, 0, error)]);

/** A whole answer of status 200 in one packet. `tag` is not 0: the frames of a run are counted. */
export const answerPacket = (tag: number, body: object): Uint8Array => {
  const data = jsonFrame(frameKinds.data, 1, body);
  const head = { status: 200, headers: [['content-type', 'application/json']] };
  return encodePacket(tag, [
    jsonFrame(frameKinds.head, 0, head),
    data,
    jsonFrame(frameKinds.end, 2, { bytes: data.payload.byteLength }),
  ]);
};
