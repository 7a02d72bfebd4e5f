const encoder = new TextEncoder();
const slabBytes = 65_536;
/** UTF-8 of one UTF-16 code unit. */
const mostUnitBytes = 3;

let slab = new Uint8Array(slabBytes);
let used = 0;

const encodeAlone = (text: string, tail: Uint8Array): Uint8Array => {
  const head = encoder.encode(text);
  const bytes = new Uint8Array(head.byteLength + tail.byteLength);
  bytes.set(head);
  bytes.set(tail, head.byteLength);
  return bytes;
};

/**
 * The text as UTF-8, and behind it a copy of `tail`. Short ones share a slab: a buffer of its own for each message costs more
 * than to write it, and what so many buffers hold makes the collector start over and over where the heap is small. So do
 * not keep the bytes for longer than it takes to send them.
 */
export const encodeText = (text: string, tail: Uint8Array): Uint8Array => {
  const most = mostUnitBytes * text.length + tail.byteLength;
  if (most > slabBytes / 2) return encodeAlone(text, tail);
  if (most > slabBytes - used) {
    slab = new Uint8Array(slabBytes);
    used = 0;
  }
  const { written } = encoder.encodeInto(text, slab.subarray(used));
  const bytes = slab.subarray(used, used + written + tail.byteLength);
  bytes.set(tail, written);
  used += bytes.byteLength;
  return bytes;
};
