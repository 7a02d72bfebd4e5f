/**
 * Control messages travel from an ingress to an adapter instance, or, as a cancel, to the scheduler that keeps a request:
 *
 * ```
 * u8 version (1) | u8 kind | u32 tag | u32 bytes | u32 frames | ascii subject-of-kind
 * ```
 */
export const controlKinds = {
  /** The client of `tag` has taken so much in total: the adapter may send on. */
  credit: 1,
  /** Stop `tag`: nobody reads it. With tag 0, stop every attempt of the request. */
  cancel: 2,
  /** The ingress named is alive; all its streams go on. */
  keepAlive: 3,
} as const;

export type ControlKind = (typeof controlKinds)[keyof typeof controlKinds];

export interface ControlMessage {
  readonly kind: ControlKind;
  /** The stream; 0 for keep-alive. */
  readonly tag: number;
  /** Body bytes taken since the stream began, modulo 2^32; 0 unless credit. */
  readonly bytes: number;
  /** Data frames taken since the stream began, modulo 2^32; 0 unless credit. */
  readonly frames: number;
  /** Request id of credit and cancel; instance of the ingress for keep-alive. */
  readonly about: string;
}

const headerBytes = 14;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const encodeControl = (message: ControlMessage): Uint8Array => {
  const bytes = new Uint8Array(headerBytes + message.about.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 1;
  bytes[1] = message.kind;
  view.setUint32(2, message.tag);
  view.setUint32(6, message.bytes);
  view.setUint32(10, message.frames);
  encoder.encodeInto(message.about, bytes.subarray(headerBytes));
  return bytes;
};

/** Reads a control message; undefined when it is not one. */
export const decodeControl = (bytes: Uint8Array): ControlMessage | undefined => {
  if (bytes.byteLength < headerBytes || bytes[0] !== 1) return undefined;
  const kind = bytes[1] ?? 0;
  if (kind < controlKinds.credit || kind > controlKinds.keepAlive) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind: kind as ControlKind,
    tag: view.getUint32(2),
    bytes: view.getUint32(6),
    frames: view.getUint32(10),
    about: decoder.decode(bytes.subarray(headerBytes)),
  };
};
