import type { Api } from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import { toHeartbeat, toStreamError } from './stream-wire.ts';

const read = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);
const failure = { reason: 'upstream_reset', message: 'It broke:\n"off"' } as const;
const errorOf = (api: Api) => read(toStreamError(api, failure, 'r1'));

describe('a sign of life', () => {
  it.each<[Api, string]>([
    ['openai.chat', ': ping\n\n'],
    ['openai.completions', ': ping\n\n'],
    ['openai.responses', ': ping\n\n'],
    ['generic', ': ping\n\n'],
    ['anthropic.messages', 'event: ping\ndata: {"type": "ping"}\n\n'],
  ])('of %s is an event that its clients skip', (api, expected) => {
    expect(read(toHeartbeat(api))).toBe(expected);
  });
});

describe('an error in the middle of a stream', () => {
  it.each<Api>(['openai.chat', 'openai.completions'])('of %s is a data event, and then [DONE]', (api) => {
    const [event, done, rest] = errorOf(api)?.split('\n\n') ?? [];
    expect([done, rest]).toEqual(['data: [DONE]', '']);
    expect(JSON.parse(event?.replace('data: ', '') ?? '')).toEqual({
      error: {
        message: failure.message,
        type: 'service_unavailable_error',
        param: null,
        code: 'upstream_reset',
      },
    });
  });

  it('of anthropic.messages is an error event', () => {
    const [name, data, ...rest] = errorOf('anthropic.messages')?.split('\n') ?? [];
    expect([name, rest]).toEqual(['event: error', ['', '']]);
    expect(JSON.parse(data?.replace('data: ', '') ?? '')).toEqual({
      type: 'error',
      error: { type: 'api_error', message: failure.message },
      request_id: 'r1',
    });
  });

  it('of openai.responses is an error event of that API', () => {
    const [name, data, ...rest] = errorOf('openai.responses')?.split('\n') ?? [];
    expect([name, rest]).toEqual(['event: error', ['', '']]);
    expect(JSON.parse(data?.replace('data: ', '') ?? '')).toMatchObject({
      type: 'error',
      code: 'upstream_reset',
      message: failure.message,
    });
  });

  it.each<Api>(['generic', 'openai.embeddings', 'openai.models', 'anthropic.count_tokens'])(
    'of %s is one event at most, and no line of it is broken by the message',
    (api) => {
      const text = errorOf(api);
      if (text !== undefined) expect(text.split('\n\n').filter((event) => event !== '')).toHaveLength(1);
    },
  );

  it('cannot be told in an API that has no such event', () => {
    expect(errorOf('generic')).toBeUndefined();
  });
});
