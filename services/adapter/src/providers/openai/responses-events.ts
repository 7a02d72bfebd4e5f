import { SpokenText } from '../../core/spoken-text.ts';
import { readSseName, readSseObject } from '../../core/sse-event.ts';
import type { EventReader } from '../../core/stream-tap.ts';
import { known, readObject, readText } from '../count.ts';
import { toOpenaiFailure } from './error.ts';
import { toOpenaiUsage } from './usage.ts';

const terminal: ReadonlySet<string> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
]);

/** Sound in base64. What is said in it comes as a transcript. */
const soundDelta = 'response.audio.delta';

/** Reads the events of the Responses API. Nothing is taken out of the stream. */
export const createResponsesEventReader = (): EventReader => {
  const spoken = new SpokenText('delta');
  const read: EventReader['read'] = (event) => {
    // The name is enough for all but the last event.
    const name = readSseName(event);
    if (terminal.has(name)) {
      const answer = readObject(readSseObject(event)?.['response']);
      return known({
        completes: true,
        usage: toOpenaiUsage(answer['usage']),
        modelServed: readText(answer['model']),
        serviceTier: readText(answer['service_tier']),
      });
    }
    if (name === 'error') {
      const failure = readSseObject(event);
      // The error is the event itself, or a member of it.
      return { error: toOpenaiFailure(failure?.['error'] ?? failure) };
    }
    if (!name.endsWith('.delta')) return { content: false };
    return { content: true, chars: name === soundDelta ? 0 : spoken.count(event) };
  };
  return { read };
};
