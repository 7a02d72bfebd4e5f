import { readSseEvent, readSseObject } from '../../core/sse-event.ts';
import type { EventReader, EventReading } from '../../core/stream-tap.ts';
import { toOpenaiFailure } from './error.ts';
import { toOpenaiUsage } from './usage.ts';

const usageKey = Buffer.from('"usage"');
const usageNull = Buffer.from(',"usage":null');
const errorKey = Buffer.from('"error"');
const finishReason = Buffer.from('"finish_reason":"');
const finishReasonSpaced = Buffer.from('"finish_reason": "');
const done = Buffer.from('[DONE]');

/** Views, not copies: the events of the hot path are searched natively and parsed only when they must be. */
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A chunk that carries nothing but the usage; its `choices` are empty. */
const isUsageChunk = (chunk: Record<string, unknown>): boolean =>
  Array.isArray(chunk['choices']) && chunk['choices'].length === 0;

/** Takes `,"usage":null` out of a chunk, as it is when nobody asked for usage. Inside strings quotes are escaped. */
const withoutNullUsage = (raw: Buffer): Uint8Array => {
  const at = raw.indexOf(usageNull);
  if (at < 0) return raw;
  return Buffer.concat([raw.subarray(0, at), raw.subarray(at + usageNull.byteLength)]);
};

/**
 * Reads the chunks of chat completions and legacy completions. With `hideUsage` the client gets the stream
 * as if nobody had asked for usage.
 */
export const createChatEventReader = ({ hideUsage }: { hideUsage: boolean }): EventReader => {
  let first = true;

  const readUsage = (raw: Buffer, reading: EventReading): EventReading => {
    const chunk = readSseObject(raw);
    const usage = chunk && toOpenaiUsage(chunk['usage']);
    if (usage) {
      const forward = hideUsage && isUsageChunk(chunk) ? { forward: undefined } : {};
      return { ...reading, usage, ...forward };
    }
    return hideUsage ? { ...reading, forward: withoutNullUsage(raw) } : reading;
  };

  const readFirst = (raw: Buffer): { modelServed?: string } => {
    const chunk = readSseObject(raw);
    if (!chunk) return {};
    first = false;
    return typeof chunk['model'] === 'string' ? { modelServed: chunk['model'] } : {};
  };

  return {
    read: (event) => {
      const raw = asBuffer(event);
      if (raw.includes(done) && readSseEvent(raw).data?.trim() === '[DONE]') return { completes: true };
      if (raw.includes(errorKey)) {
        const error = readSseObject(raw)?.['error'];
        if (error) return { error: toOpenaiFailure(error) };
      }
      const finished = raw.includes(finishReason) || raw.includes(finishReasonSpaced);
      const reading: EventReading = {
        content: !finished,
        ...(finished ? { completes: true } : {}),
        ...(first ? readFirst(raw) : {}),
      };
      return raw.includes(usageKey) ? readUsage(raw, reading) : reading;
    },
  };
};
