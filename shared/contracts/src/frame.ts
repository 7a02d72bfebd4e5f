/**
 * Frames travel from any hop to the ingress. One bus message is a packet:
 *
 * ```
 * u8 version (1) | u32 tag | frame…        frame = u8 kind | u32 sequence | u32 length | payload
 * ```
 *
 * All integers big-endian. `tag` names the stream that the frames belong to: each run of an attempt by an
 * adapter has its own, drawn at random, so that two adapters that came to run one request are told apart.
 * Tag 0 is a hop before the adapter (`queued`, `error`) or an answer that needed none.
 * Sequence counts the frames of one tag from 0; a gap ends the stream with an error.
 */
export const frameKinds = {
  /** Waiting in the scheduler. JSON {@link QueuedFrame}. Repeated each second. */
  queued: 1,
  /** An adapter has taken the attempt. JSON {@link AcceptedFrame}. */
  accepted: 2,
  /** Status and headers of the answer. JSON {@link HeadFrame}. Exactly one, before any data. */
  head: 3,
  /** Bytes of the body, as they are. */
  data: 4,
  /** What the attempt used. JSON {@link UsageFrame}. At most one, before `end`. */
  usage: 5,
  /** The answer is complete. JSON {@link EndFrame}. */
  end: 6,
  /** The request failed. JSON `WireError`. Nothing follows. */
  error: 7,
  /** A sign of life after 5 s of silence. Empty. */
  ping: 8,
  /** The attempt failed before its first byte and went back to the scheduler. JSON {@link HandedBackFrame}. */
  handedBack: 9,
} as const;

export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds];

export interface QueuedFrame {
  /** Place in the queue, from 1. Absent when not known. */
  readonly position?: number;
  /** The scheduler instance that keeps it, where a cancel goes. */
  readonly scheduler?: string;
}

export interface AcceptedFrame {
  /** The adapter instance, where credit and cancel go. */
  readonly instance: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  readonly upstream: string;
  readonly target: string;
  /** It is said once more, and nothing of an answer was sent: what is missing before it was no more than this. */
  readonly again?: true;
}

export interface HeadFrame {
  readonly status: number;
  /** Lower-case names, in the upstream's order. Hop-by-hop headers are already gone. */
  readonly headers: readonly (readonly [string, string])[];
}

export interface UsageFrame {
  readonly quality: 'reported' | 'estimated' | 'unknown';
  /** Tokens; absent when unknown, never 0 for unknown. */
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** What the attempt cost, in 10⁻⁹ of `currency`, as decimal text. Absent when no price is known. */
  readonly costNano?: string;
  /** ISO 4217. Present with `costNano`. */
  readonly currency?: string;
}

export interface EndFrame {
  /** Bytes of all data frames of this tag. */
  readonly bytes: number;
}

export interface HandedBackFrame {
  readonly attempt: number;
  readonly reason: string;
}

export interface Frame {
  readonly kind: FrameKind;
  readonly sequence: number;
  /** A view into the packet: copy it to keep it. */
  readonly payload: Uint8Array;
}

export interface Packet {
  readonly tag: number;
  readonly frames: readonly Frame[];
}

export const packetVersion = 1;
export const packetHeaderBytes = 5;
export const frameHeaderBytes = 9;

export type DecodedPacket =
  | { readonly outcome: 'decoded'; readonly packet: Packet }
  | { readonly outcome: 'malformed'; readonly problem: string };

/** Writes a packet. Payloads are copied. */
export const encodePacket = (tag: number, frames: readonly Frame[]): Uint8Array => {
  let size = packetHeaderBytes;
  for (const frame of frames) size += frameHeaderBytes + frame.payload.byteLength;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = packetVersion;
  view.setUint32(1, tag);
  let offset = packetHeaderBytes;
  for (const frame of frames) {
    bytes[offset] = frame.kind;
    view.setUint32(offset + 1, frame.sequence);
    view.setUint32(offset + 5, frame.payload.byteLength);
    bytes.set(frame.payload, offset + frameHeaderBytes);
    offset += frameHeaderBytes + frame.payload.byteLength;
  }
  return bytes;
};

/** Reads a packet. Never throws: a packet that cannot be read is an outcome. */
export const decodePacket = (bytes: Uint8Array): DecodedPacket => {
  if (bytes.byteLength < packetHeaderBytes) return { outcome: 'malformed', problem: 'packet is too short' };
  if (bytes[0] !== packetVersion) return { outcome: 'malformed', problem: `unknown version ${bytes[0]}` };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = view.getUint32(1);
  const frames: Frame[] = [];
  let offset = packetHeaderBytes;
  while (offset < bytes.byteLength) {
    if (offset + frameHeaderBytes > bytes.byteLength) {
      return { outcome: 'malformed', problem: 'frame header is cut' };
    }
    const kind = view.getUint8(offset);
    if (kind < frameKinds.queued || kind > frameKinds.handedBack) {
      return { outcome: 'malformed', problem: `unknown frame kind ${kind}` };
    }
    const length = view.getUint32(offset + 5);
    const start = offset + frameHeaderBytes;
    if (start + length > bytes.byteLength) return { outcome: 'malformed', problem: 'frame payload is cut' };
    frames.push({
      kind: kind as FrameKind,
      sequence: view.getUint32(offset + 1),
      payload: bytes.subarray(start, start + length),
    });
    offset = start + length;
  }
  return { outcome: 'decoded', packet: { tag, frames } };
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A frame whose payload is JSON. */
export const jsonFrame = (kind: FrameKind, sequence: number, value: object): Frame => ({
  kind,
  sequence,
  payload: encoder.encode(JSON.stringify(value)),
});

/** The JSON payload of a frame; undefined when it is not JSON. */
export const readJsonFrame = (frame: Frame): unknown => {
  try {
    return JSON.parse(decoder.decode(frame.payload));
  } catch {
    return undefined;
  }
};
