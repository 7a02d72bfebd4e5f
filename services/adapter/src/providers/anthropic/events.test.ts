import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStreamTap } from '../../core/stream-tap.ts';
import { cutAt, toBytes, toText } from '../../testdata/pieces.ts';
import { createAnthropicEventReader } from './events.ts';

const run = (pieces: readonly Uint8Array[]) => {
  const tap = createStreamTap(createAnthropicEventReader());
  const output = pieces.flatMap((piece) => tap.push(piece));
  const { rest, complete } = tap.finish();
  return { text: toText([...output, ...rest]), complete, report: tap.report, failed: tap.failedAtStart };
};

const event = (name: string, data: object = {}): string =>
  `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;

const start = event('message_start', {
  message: {
    id: 'msg_1',
    role: 'assistant',
    model: 'claude-x-1',
    content: [],
    usage: {
      input_tokens: 43,
      cache_creation_input_tokens: 30,
      cache_read_input_tokens: 7,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      output_tokens: 1,
    },
  },
});
const text = event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'event: error' } });
const block = event('content_block_start', { index: 0 }) + text + event('ping') + text;
const stop =
  event('content_block_stop', { index: 0 }) +
  event('message_delta', {
    delta: { stop_reason: 'end_turn' },
    // The real API restates the sum of the cache writes here, without saying how long they live.
    usage: {
      input_tokens: 61,
      cache_creation_input_tokens: 30,
      cache_read_input_tokens: 7,
      output_tokens: 9,
    },
  }) +
  event('message_stop');

const usage = {
  inputText: 61,
  cacheRead: 7,
  cacheWrite5m: 10,
  cacheWrite1h: 20,
  inputTotal: 98,
  outputText: 9,
  outputTotal: 9,
};

describe('the Messages API', () => {
  it('passes every byte, and message_delta has the last word on usage', () => {
    const stream = start + block + stop;
    expect(run([toBytes(stream)])).toEqual({
      text: stream,
      complete: true,
      failed: undefined,
      report: { usage, final: true, modelServed: 'claude-x-1', contentEvents: 2, contentChars: 24 },
    });
  });

  it('reads the same with CR LF, a byte order mark, and however the bytes are cut', () => {
    const stream = start + block + stop;
    const { report } = run([toBytes(stream)]);
    expect(run([toBytes(stream.replaceAll('\n', '\r\n'))])).toMatchObject({ complete: true, report });
    expect(run([toBytes(`\uFEFF${stream}`)])).toMatchObject({ complete: true, report });
    const bytes = toBytes(stream);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), (places) => {
        expect(run(cutAt(bytes, places))).toEqual(run([bytes]));
      }),
    );
  });

  it('that is cut has the input of message_start, and no last word', () => {
    expect(run([toBytes(start + block)])).toMatchObject({
      complete: false,
      report: { usage: { inputTotal: 80, outputTotal: 1 }, final: false, contentEvents: 2 },
    });
  });

  it('without message_stop is not whole, whatever else came', () => {
    const stream = start + block + stop.replace(event('message_stop'), '');
    expect(run([toBytes(stream)]).complete).toBe(false);
  });

  it.each([
    ['invalid_request_error', 400],
    ['authentication_error', 401],
    ['not_found_error', 404],
    ['rate_limit_error', 429],
    ['api_error', 500],
    ['overloaded_error', 529],
    ['never_heard_of_error', 502],
  ])('that begins with %s had better been a %i', (type, status) => {
    const { failed, text: output } = run([toBytes(event('error', { error: { type, message: 'm' } }))]);
    expect(output).toBe('');
    expect(failed).toEqual({
      status,
      body: JSON.stringify({ type: 'error', error: { type, message: 'm' } }),
    });
  });

  it('that fails in the middle passes the error on, and keeps no last word on usage', () => {
    const stream = start + block + event('error', { error: { type: 'overloaded_error', message: 'm' } });
    expect(run([toBytes(stream)])).toMatchObject({
      text: stream,
      complete: true,
      failed: undefined,
      report: { usage: { outputTotal: 1 }, final: false, contentEvents: 2 },
    });
  });

  it('with events that nobody knows passes them too', () => {
    const stream = start + event('content_block_sparkle', { index: 0 }) + stop;
    expect(run([toBytes(stream)])).toMatchObject({ text: stream, complete: true });
  });
});
