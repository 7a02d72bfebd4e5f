import { readSseObject } from '../../core/sse-event.ts';
import type { EventReader } from '../../core/stream-tap.ts';
import { readObject } from '../count.ts';
import { toOpenaiFailure } from './error.ts';
import { toOpenaiUsage } from './usage.ts';

const terminal = /^event: ?response\.(completed|incomplete|failed)\s/;
const failure = /^event: ?error\s/;
const delta = /^event: ?response\.[a-z_.]+\.delta\s/;

/** The `event:` line is enough for all but the last event. */
const firstLine = (event: Uint8Array): string =>
  Buffer.from(event.buffer, event.byteOffset, Math.min(event.byteLength, 80)).toString('latin1');

/** Reads the events of the Responses API. Nothing is taken out of the stream. */
export const createResponsesEventReader = (): EventReader => ({
  read: (event) => {
    const line = firstLine(event);
    if (terminal.test(line)) {
      const answer = readObject(readSseObject(event)?.['response']);
      const usage = toOpenaiUsage(answer['usage']);
      const model = answer['model'];
      return {
        completes: true,
        ...(usage ? { usage } : {}),
        ...(typeof model === 'string' ? { modelServed: model } : {}),
      };
    }
    if (failure.test(line)) return { error: toOpenaiFailure(readSseObject(event)) };
    return { content: delta.test(line) };
  },
});
