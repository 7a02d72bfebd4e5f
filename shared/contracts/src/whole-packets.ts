import { encodePacket, frameKinds, jsonFrame } from './frame.ts';
import type { WireError } from './weir-error.ts';

/** Tag of what a hop says that runs no attempt. */
const hopTag = 0;

/** The packet with which any hop ends a request that it cannot help. */
export const errorPacket = (error: WireError): Uint8Array =>
  encodePacket(hopTag, [jsonFrame(frameKinds.error, 0, error)]);

/**
 * A whole JSON answer of status 200 in one packet, for what the mesh answers itself.
 * `tag` is not 0: the frames of an answer are counted. `headers` come beside the content type.
 */
export const answerPacket = (
  tag: number,
  body: object,
  headers: readonly (readonly [string, string])[] = [],
): Uint8Array => {
  const data = jsonFrame(frameKinds.data, 1, body);
  const head = { status: 200, headers: [['content-type', 'application/json'], ...headers] };
  return encodePacket(tag, [
    jsonFrame(frameKinds.head, 0, head),
    data,
    jsonFrame(frameKinds.end, 2, { bytes: data.payload.byteLength }),
  ]);
};

/** The packet for an ingress whose request found no scheduler. Nothing was begun. */
export const noSchedulerPacket = (): Uint8Array =>
  errorPacket({
    reason: 'no_scheduler',
    message: 'No scheduler is running. Try again in a moment.',
    retryAfterMs: 1_000,
    resubmit: true,
  });
