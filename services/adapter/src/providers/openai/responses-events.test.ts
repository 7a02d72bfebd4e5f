import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStreamTap } from '../../core/stream-tap.ts';
import { cutAt, toBytes, toText } from '../../testdata/pieces.ts';
import { createResponsesEventReader } from './responses-events.ts';

const run = (pieces: readonly Uint8Array[]) => {
  const tap = createStreamTap(createResponsesEventReader());
  const output = pieces.flatMap((piece) => tap.push(piece));
  const { rest, complete } = tap.finish();
  return { text: toText([...output, ...rest]), complete, report: tap.report, failed: tap.failedAtStart };
};

const event = (name: string, data: object): string =>
  `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;

const usage = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 5 },
  output_tokens: 9,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 29,
};

const begin = [
  event('response.created', { response: { status: 'in_progress', usage: null } }),
  event('response.output_item.added', { output_index: 0 }),
  event('response.output_text.delta', { delta: 'event: response.completed\n' }),
  event('response.reasoning_summary_text.delta', { delta: 'hm' }),
  event('response.output_text.done', { text: 'all of it' }),
].join('');

const ending = (status: string) =>
  event(`response.${status}`, { response: { status, model: 'gpt-x-2026', usage } });

describe('the Responses API', () => {
  it.each(['completed', 'incomplete', 'failed'])(
    'ends with response.%s, which carries the usage',
    (status) => {
      const stream = begin + ending(status);
      expect(run([toBytes(stream)])).toMatchObject({
        text: stream,
        complete: true,
        report: {
          usage: { inputText: 15, cacheRead: 5, outputText: 5, outputReasoning: 4 },
          final: true,
          modelServed: 'gpt-x-2026',
          contentEvents: 2,
        },
      });
    },
  );

  it('is cut short when no such event came', () => {
    expect(run([toBytes(begin)])).toMatchObject({ complete: false, report: { usage: undefined } });
  });

  it('reads the same with CR LF, without event lines, and however the bytes are cut', () => {
    const stream = begin + ending('completed');
    const { report } = run([toBytes(stream)]);
    expect(run([toBytes(stream.replaceAll('\n', '\r\n'))])).toMatchObject({ complete: true, report });
    const bare = stream.replaceAll(/^event: .*\n/gm, '');
    expect(run([toBytes(bare)])).toMatchObject({ complete: true, text: bare, report });
    const bytes = toBytes(stream);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), (places) => {
        expect(run(cutAt(bytes, places))).toEqual(run([bytes]));
      }),
    );
  });

  it.each([
    ['itself the error', { code: 'rate_limit_exceeded', message: 'm', param: null }],
    ['around the error', { error: { code: 'rate_limit_exceeded', message: 'm' } }],
  ])('an error event first, %s, becomes the status it should have had', (_shape, data) => {
    const { text, failed } = run([toBytes(event('error', { ...data, sequence_number: 0 }))]);
    expect(text).toBe('');
    expect(failed?.status).toBe(429);
    expect(JSON.parse(failed?.body ?? '')).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
  });

  it('an error event later passes as it is', () => {
    const stream = begin + event('error', { code: 'server_error', message: 'boom' });
    expect(run([toBytes(stream)])).toMatchObject({
      text: stream,
      complete: true,
      failed: undefined,
      report: { final: false },
    });
  });
});

it('the characters of what was said are counted, and not its sound', () => {
  const charsOf = (name: string): number => {
    const tap = createStreamTap(createResponsesEventReader());
    const data = JSON.stringify({ type: name, item_id: 'msg', delta: 'several tokens', obfuscation: 'x7' });
    tap.push(toBytes(`event: ${name}\ndata: ${data}\n\n`));
    return tap.report.contentChars;
  };
  expect(charsOf('response.output_text.delta')).toBe(14);
  expect(charsOf('response.function_call_arguments.delta')).toBe(14);
  expect(charsOf('response.audio.delta')).toBe(0);
  expect(charsOf('response.output_text.done')).toBe(0);
});
