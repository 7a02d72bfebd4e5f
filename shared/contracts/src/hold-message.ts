/**
 * What policy is told of requests that hold something in its limit store. Each may be lost: holds expire by themselves.
 *
 * - `extend`: they are still running.
 * - `finish`: they are over and their usage comes by the ledger. Concurrency slots are freed; what is held stays until
 *   then, or for a quarter of an hour.
 * - `release`: they are over and nothing was used: everything is given back.
 */
export interface HoldMessage {
  readonly v: 1;
  readonly kind: 'extend' | 'finish' | 'release';
  /** Request ids. */
  readonly ids: readonly string[];
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
    return message as HoldMessage;
  } catch {
    return undefined;
  }
};
