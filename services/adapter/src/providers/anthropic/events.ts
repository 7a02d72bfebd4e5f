import type { UpstreamFailure } from '../../core/response-tap.ts';
import { SpokenText } from '../../core/spoken-text.ts';
import { readSseName, readSseObject } from '../../core/sse-event.ts';
import type { EventReader, EventReading } from '../../core/stream-tap.ts';
import { known, readObject, readText } from '../count.ts';
import { toAnthropicUsage } from './usage.ts';

const statusByType: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

const toFailure = (event: Uint8Array): UpstreamFailure => {
  const body = readSseObject(event) ?? {};
  const type = readObject(body['error'])['type'];
  return { status: statusByType[String(type)] ?? 502, body: JSON.stringify(body) };
};

/** Reads the events of the Messages API. https://docs.anthropic.com/en/api/messages-streaming */
export const createAnthropicEventReader = (): EventReader => {
  let startUsage: unknown;
  const spoken = new SpokenText('delta');

  const readStart = (event: Uint8Array): EventReading => {
    const message = readObject(readSseObject(event)?.['message']);
    startUsage = message['usage'];
    return known({
      usage: toAnthropicUsage(startUsage),
      modelServed: readText(message['model']),
      serviceTier: readText(readObject(startUsage)['service_tier']),
    });
  };

  return {
    read: (event) => {
      switch (readSseName(event)) {
        case 'content_block_delta':
          return { content: true, chars: spoken.count(event) };
        case 'message_start':
          return readStart(event);
        case 'message_delta': {
          const usage = toAnthropicUsage(readSseObject(event)?.['usage'], startUsage);
          return usage ? { usage } : {};
        }
        case 'message_stop':
          return { completes: true };
        case 'error':
          return { error: toFailure(event) };
        default:
          return {};
      }
    },
  };
};
