import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toOpenaiUsage } from '../providers/openai/usage.ts';
import { cutAt, toBytes, toText } from '../testdata/pieces.ts';
import { createJsonTap, createPassTap } from './json-tap.ts';

const run = (pieces: readonly Uint8Array[], encodeEmbeddings = false) => {
  const tap = createJsonTap({ toUsage: toOpenaiUsage, encodeEmbeddings });
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
  expect(tap.report.usage).toBeUndefined();
});
