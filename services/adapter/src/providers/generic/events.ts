import { asBuffer, readSseEvent, readSseObject } from '../../core/sse-event.ts';
import type { EventReader, EventReading } from '../../core/stream-tap.ts';
import { known, readText } from '../count.ts';
import { createChunkText } from '../openai/chunk-text.ts';
import { toOpenaiUsage } from '../openai/usage.ts';

const usageKey = Buffer.from('"usage"');
const done = Buffer.from('[DONE]');
const colon = 0x3a;

const readUsage = (raw: Buffer): EventReading => {
  const event = readSseObject(raw);
  const usage = event && toOpenaiUsage(event['usage']);
  if (!usage) return {};
  const { model, service_tier: tier } = event;
  return known({ usage, modelServed: readText(model), serviceTier: readText(tier) });
};

/**
 * Reads the events of a server that nobody knows: OpenAI's usage where there is some, and as content whatever is no
 * comment. Nothing is taken out, and only the end of the body says that all has come, where no `[DONE]` did.
 */
export const createGenericEventReader = (several: boolean): EventReader => {
  const countChars = createChunkText(several);
  return {
    endsWithBody: true,
    read: (event) => {
      const raw = asBuffer(event);
      if (raw.includes(done) && readSseEvent(raw).data?.trim() === '[DONE]') return { completes: true };
      if (raw[0] === colon) return {};
      const content = { content: true, chars: countChars(raw) };
      return raw.includes(usageKey) ? { ...content, ...readUsage(raw) } : content;
    },
  };
};
