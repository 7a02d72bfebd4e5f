import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeText } from './encode-text.ts';

const plainly = (text: string, tail: Uint8Array): Uint8Array =>
  Uint8Array.of(...new TextEncoder().encode(text), ...tail);

const texts = fc.string({ unit: 'binary', maxLength: 300 });
const tails = fc.uint8Array({ maxLength: 300 });

test('is the text as UTF-8 with the tail behind it, also when others are written later', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(texts, tails), { maxLength: 200 }), (messages) => {
      const encoded = messages.map(([text, tail]) => encodeText(text, tail));
      expect(encoded).toEqual(messages.map(([text, tail]) => plainly(text, tail)));
    }),
    { numRuns: 30 },
  );
});

test('a text or a tail of any length is written whole', () => {
  for (const length of [0, 1, 10_922, 10_923, 21_845, 65_536, 100_000]) {
    const [text, tail] = ['\u20ac'.repeat(length), new Uint8Array(length).fill(7)];
    for (const [head, rest] of [
      [text, tail],
      [text, new Uint8Array(0)],
      ['x', tail],
    ] as const) {
      const bytes = encodeText(head, rest);
      expect(Buffer.compare(bytes, Buffer.concat([Buffer.from(head), rest]))).toBe(0);
    }
  }
});
