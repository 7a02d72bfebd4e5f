import { asBuffer, readSseEvent, readSseObject } from '../../core/sse-event.ts';
import type { EventReader, EventReading } from '../../core/stream-tap.ts';
import { known, readObject, readText } from '../count.ts';
import { createChunkText } from './chunk-text.ts';
import { toOpenaiFailure } from './error.ts';
import { toOpenaiUsage } from './usage.ts';

const usageKey = Buffer.from('"usage"');
/** Written without spaces, as OpenAI and vLLM do, or with one, as Python's own JSON module does. */
const usageNulls = [Buffer.from(',"usage":null'), Buffer.from(', "usage": null')];
const choicesKey = Buffer.from('"choices"');
const errorWord = Buffer.from('"error"');
const finishReason = Buffer.from('"finish_reason":');
const quote = 0x22;
const space = 0x20;
const done = Buffer.from('[DONE]');

/** Some choice has a reason to end: it is not null. */
const isFinished = (raw: Buffer): boolean => {
  for (let at = raw.indexOf(finishReason); at >= 0; at = raw.indexOf(finishReason, at + 1)) {
    const value = at + finishReason.byteLength;
    if (raw[raw[value] === space ? value + 1 : value] === quote) return true;
  }
  return false;
};

/** A chunk that carries nothing but the usage; its `choices` are empty. */
const isUsageChunk = (chunk: Record<string, unknown>): boolean =>
  Array.isArray(chunk['choices']) && chunk['choices'].length === 0;

/** Takes `,"usage":null` out of a chunk, as it is when nobody asked for usage. Inside strings quotes are escaped. */
const withoutNullUsage = (raw: Buffer): Uint8Array => {
  for (const member of usageNulls) {
    const at = raw.indexOf(member);
    if (at >= 0) return Buffer.concat([raw.subarray(0, at), raw.subarray(at + member.byteLength)]);
  }
  return raw;
};

/** False for the first chunk of most servers, which gives the role and an empty text. */
const saysSomething = (chunk: Record<string, unknown>): boolean => {
  const choices: unknown[] = Array.isArray(chunk['choices']) ? chunk['choices'] : [];
  return choices.map(readObject).some((choice) => {
    const { role: _role, ...said } = readObject(choice['delta']);
    return [choice['text'], ...Object.values(said)].some((value) => value !== '' && value != null);
  });
};

/** The error in an event; older vLLM sends it flat, as `{"object":"error",…}`. */
const readError = (raw: Buffer): unknown => {
  const chunk = readSseObject(raw);
  return chunk?.['error'] || (chunk?.['object'] === 'error' ? chunk : undefined);
};

/**
 * Reads the chunks of chat completions and legacy completions. With `hideUsage` the client gets the stream
 * as if nobody had asked for usage.
 */
export const createChatEventReader = ({
  hideUsage,
  severalChoices = false,
}: {
  readonly hideUsage: boolean;
  /** More than one answer was asked for. */
  readonly severalChoices?: boolean;
}): EventReader => {
  let first = true;
  const countChars = createChunkText(severalChoices);

  const readUsage = (raw: Buffer, reading: EventReading): EventReading => {
    const chunk = readSseObject(raw);
    const usage = chunk && toOpenaiUsage(chunk['usage']);
    if (usage) {
      const read = { ...reading, ...known({ usage, serviceTier: readText(chunk['service_tier']) }) };
      if (!isUsageChunk(chunk)) return read;
      return { ...read, content: false, ...(hideUsage ? { forward: undefined } : {}) };
    }
    return hideUsage ? { ...reading, forward: withoutNullUsage(raw) } : reading;
  };

  const readFirst = (raw: Buffer): EventReading => {
    const chunk = readSseObject(raw);
    if (!chunk) return {};
    first = false;
    return known({
      content: saysSomething(chunk),
      modelServed: readText(chunk['model']),
      serviceTier: readText(chunk['service_tier']),
    });
  };

  return {
    read: (event) => {
      const raw = asBuffer(event);
      if (raw.includes(done) && readSseEvent(raw).data?.trim() === '[DONE]') return { completes: true };
      if (raw.includes(errorWord)) {
        const error = readError(raw);
        if (error) return { error: toOpenaiFailure(error) };
      }
      const finished = isFinished(raw);
      const choices = raw.includes(choicesKey);
      const reading: EventReading = {
        content: !finished && choices,
        chars: choices ? countChars(raw) : 0,
        ...(first ? readFirst(raw) : {}),
        ...(finished ? { completes: true, content: false } : {}),
      };
      return raw.includes(usageKey) ? readUsage(raw, reading) : reading;
    },
  };
};
