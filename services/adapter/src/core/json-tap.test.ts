import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toOpenaiUsage } from '../providers/openai/usage.ts';
import { cutAt, toBytes, toText } from '../testdata/pieces.ts';
import { createJsonTap, createPassTap } from './json-tap.ts';

const run = (pieces: readonly Uint8Array[], encodeEmbeddings = false) => {
  const tap = createJsonTap({ toUsage: toOpenaiUsage, encodeEmbeddings, hasOutput: !encodeEmbeddings });
  const output = pieces.flatMap((piece) => tap.push(piece));
  const { rest, complete } = tap.finish();
  return { text: toText([...output, ...rest]), complete, report: tap.report, broken: tap.broken };
};

const answer = `{"id":"1","model":"gpt-x-2026","choices":[{"message":{"content":"{\\"usage\\":{\\"prompt_tokens\\":99}}","usage":{"prompt_tokens":98}}}],
 "usage" : {"prompt_tokens":7,"completion_tokens":2,"total_tokens":9},"nobody_knows":[1,{"x":null}]}`;

it('a JSON answer passes to the byte, and its own usage and model are read however the bytes are cut', () => {
  const expected = {
    text: answer,
    complete: true,
    broken: false,
    report: {
      usage: { inputText: 7, outputText: 2, inputTotal: 7, outputTotal: 2 },
      final: true,
      modelServed: 'gpt-x-2026',
      contentEvents: 0,
      contentChars: 30,
    },
  };
  const bytes = toBytes(answer);
  expect(run([bytes])).toEqual(expected);
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 12 }), (places) => {
      expect(run(cutAt(bytes, places))).toEqual(expected);
    }),
  );
});

describe('an answer without usage', () => {
  it.each(['{}', '{"usage":null}', '{"usage":7}', '[]', 'not json', '', '{"usage":{"prompt_tok'])(
    'passes and is not counted as zero: %s',
    (text) =>
      expect(run([toBytes(text)])).toMatchObject({ text, complete: true, report: { usage: undefined } }),
  );
});

describe('embeddings for a client that asked for base64', () => {
  it('of an upstream that sends floats are encoded', () => {
    const floats = [0.5, -1, 3];
    const body = JSON.stringify({ data: [{ embedding: floats, index: 0 }], usage: { prompt_tokens: 3 } });
    const { text, report } = run([toBytes(body)], true);
    const { data } = JSON.parse(text) as { data: { embedding: string }[] };
    const bytes = Buffer.from(data[0]?.embedding ?? '', 'base64');
    expect([0, 4, 8].map((offset) => bytes.readFloatLE(offset))).toEqual(floats);
    expect(report.usage).toEqual({ inputText: 3, inputTotal: 3 });
  });

  it('are left alone otherwise', () => {
    const body = '{"data":[{"embedding":[0.5]}]}';
    expect(run([toBytes(body)]).text).toBe(body);
  });
});

it('what is not read passes, and nothing is known of it', () => {
  const tap = createPassTap();
  expect(toText(tap.push(toBytes('any bytes')))).toBe('any bytes');
  expect(tap.finish()).toEqual({ rest: [], complete: true });
  expect(tap.report).toMatchObject({ usage: undefined, contentChars: 0 });
});

it('of text that is not read, the bytes are counted', () => {
  const tap = createPassTap({ isText: true });
  tap.push(toBytes('grüß '));
  tap.push(toBytes('dich'));
  expect(tap.report).toMatchObject({ usage: undefined, contentChars: 11 });
});

describe('the text of an answer', () => {
  it.each([
    ['a chat', '{"id":"chat-1","choices":[{"message":{"role":"assistant","content":"12345"}}]}', 5],
    ['a chat that thinks', '{"choices":[{"message":{"reasoning_content":"1234","content":"5"}}]}', 5],
    [
      'a chat that calls a tool',
      '{"choices":[{"message":{"content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]}}]}',
      2,
    ],
    ['a completion', '{"choices":[{"text":"12"},{"text":"345","logprobs":{"tokens":["345"]}}]}', 5],
    ['a response', '{"output":[{"type":"message","content":[{"type":"output_text","text":"12345"}]}]}', 5],
    ['a message', '{"role":"assistant","content":[{"type":"text","text":"12345"}]}', 5],
    ['a message that calls a tool', '{"content":[{"type":"tool_use","name":"f","input":{"a":1}}]}', 7],
    ['a message that thinks', '{"content":[{"thinking":"12345","signature":"not said"}]}', 5],
  ])('is counted in %s', (_what, body, chars) => {
    expect(run([toBytes(body)]).report).toMatchObject({ usage: undefined, contentChars: chars });
  });

  it('is no output where the API has none', () => {
    expect(run([toBytes('{"data":[{"embedding":[1]}],"text":"x"}')], true).report.contentChars).toBe(0);
  });
});
