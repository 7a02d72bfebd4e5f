/**
 * What policy is told of requests that hold something in its limit store. Each may be lost: holds expire by themselves.
 *
 * - `extend`: they are still running.
 * - `finish`: they are over and their usage comes by the ledger. Concurrency slots are freed; what is held stays until
 *   then, or for a quarter of an hour. `accounts`: its last attempt was handed back and there is no other, so that no
 *   account says that it is over; it is once there are so many.
 * - `release`: they are over and nothing was used: everything is given back.
 */
export interface HoldMessage {
  readonly v: 1;
  readonly kind: 'extend' | 'finish' | 'release';
  /** Request ids. */
  readonly ids: readonly string[];
  /** Of `finish`: accounts of each request that are waited for, at least 1. Absent: the one that ends it. */
  readonly accounts?: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const kinds: ReadonlySet<unknown> = new Set(['extend', 'finish', 'release']);

export const encodeHoldMessage = (message: HoldMessage): Uint8Array =>
  encoder.encode(JSON.stringify(message));

/** Undefined when the bytes are no hold message. Never throws. */
export const decodeHoldMessage = (bytes: Uint8Array): HoldMessage | undefined => {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    const message = value as Partial<HoldMessage> | null;
    if (message?.v !== 1 || !kinds.has(message.kind) || !Array.isArray(message.ids)) return undefined;
    if (!message.ids.every((id) => typeof id === 'string')) return undefined;
    if (message.accounts !== undefined && !(Number.isSafeInteger(message.accounts) && message.accounts > 0))
      return undefined;
    return message as HoldMessage;
  } catch {
    return undefined;
  }
};
