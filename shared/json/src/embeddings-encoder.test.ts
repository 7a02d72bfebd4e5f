import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEmbeddingsEncoder } from './embeddings-encoder.ts';
import { splitBytes } from './split-bytes.ts';

const encoder = new TextEncoder();

const encodeAnswer = (
  text: string,
  cuts: readonly number[] = [],
): { text: string; failed: string | undefined } => {
  const embeddings = createEmbeddingsEncoder();
  const parts = splitBytes(encoder.encode(text), cuts).flatMap((piece) => embeddings.push(piece));
  parts.push(...embeddings.finish());
  return { text: Buffer.concat(parts).toString(), failed: embeddings.failed };
};

const toBase64 = (vector: readonly number[]): string =>
  Buffer.from(new Float32Array(vector).buffer).toString('base64');

describe('an embeddings encoder', () => {
  it('replaces the vectors and nothing else', () => {
    const head = '{ "object":"list", "embedding":[1], "data" : [ {"index":0, "embedding": ';
    const tail = ', "more":{"embedding":[2]}} ],\n"usage":{"total_tokens":1.50}}';
    expect(encodeAnswer(`${head}[ 0.5, -1e-3 ]${tail}`)).toEqual({
      text: `${head}"${toBase64([0.5, -1e-3])}"${tail}`,
      failed: undefined,
    });
  });

  it.each([
    '{"data":[{"embedding":"AAAA"}]}',
    '{"data":[{"embedding":[[1,2],[3]]}]}',
    '{"data":[{"embedding":[1,null]}]}',
    '{"data":{"a":{"embedding":[1]}}}',
    '{"other":[{"embedding":[1]}]}',
    '{"data":[[{"embedding":[1]}]]}',
    '{"data":[{"embedding":"AAAA"},[[1]]]}',
  ])('passes %s unchanged', (text) => {
    expect(encodeAnswer(text)).toEqual({ text, failed: undefined });
  });

  it('gives the same bytes for any split as parsing the whole answer', () => {
    const vector = fc.array(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()));
    const answer = fc.record({
      id: fc.string({ unit: 'binary' }),
      data: fc.array(
        fc.record({ index: fc.nat(), embedding: fc.oneof(vector, fc.string()), note: fc.jsonValue() }),
      ),
      usage: fc.jsonValue(),
    });
    fc.assert(
      fc.property(answer, fc.array(fc.nat(), { maxLength: 8 }), (value, cuts) => {
        const text = JSON.stringify(value);
        const whole: typeof value = JSON.parse(text);
        const data = whole.data.map((item) => ({
          ...item,
          embedding: typeof item.embedding === 'string' ? item.embedding : toBase64(item.embedding),
        }));
        expect(encodeAnswer(text, cuts)).toEqual({
          text: JSON.stringify({ ...whole, data }),
          failed: undefined,
        });
      }),
    );
  });

  it('fails on a vector above the bound, however it arrives', () => {
    const text = `{"data":[{"embedding":[${'0.123456789,'.repeat(100_000)}1]}]}`;
    expect(encodeAnswer(text).failed).toMatch(/longer than 1048576 bytes/);
    expect(encodeAnswer(text, [10, 500_000]).failed).toMatch(/longer than 1048576 bytes/);
  });

  it.each(['{"data":[{"embedding":[1,', 'oops', '{"data":[{"embedding":[1,x]}]}'])('fails on %s', (text) => {
    expect(encodeAnswer(text).failed).toBeDefined();
  });
});
