import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestFields, TextWishes } from './request-fields.ts';
import { createRequestScanner } from './request-scanner.ts';
import { splitBytes } from './split-bytes.ts';

const encoder = new TextEncoder();
const all: TextWishes = { countWords: true, sampleText: true };
const cuts = fc.array(fc.nat(), { maxLength: 6 });

const scan = (text: string, wishes: TextWishes = all, places: readonly number[] = []): RequestFields => {
  const scanner = createRequestScanner({ maxDepth: 64, ...wishes });
  for (const piece of splitBytes(encoder.encode(text), places)) scanner.push(piece);
  const result = scanner.finish();
  if (result.outcome !== 'scanned') throw new Error(result.message);
  return result.fields;
};

/** String values in their order; keys are none. */
const stringsOf = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : [];
};

const countWords = (text: string): number => text.split(/[ \n\r\t]+/).filter((word) => word !== '').length;

const isText = (text: string): boolean => !text.startsWith('data:');

describe('the text of a request', () => {
  it('is not looked at unless somebody asks', () => {
    const fields = scan('{"input":"two words"}', {});
    expect(fields).not.toHaveProperty('words');
    expect(fields).not.toHaveProperty('sample');
  });

  it.each([
    ['{"input":"two  words"}', 2],
    ['{"input":"a\\nb\\tc\\r\\nd"}', 4],
    ['{"input":"a\\\\nb \\"c d\\""}', 3],
    ['{"one key":"x","input":[" ","y"," z "]}', 3],
    ['{"input":"data:image/png;base64,AA BB","data":"c d e","f":"g"}', 1],
  ])('has words: %s', (text, words) => {
    expect(scan(text).words).toBe(words);
  });

  it('has the words and lines of its string values, for any body and any split', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ü', '😀', ' ', '\n', '\t', '"', '\\', 'n', 'u') });
    const request = fc.record({
      input: fc.array(text.filter(isText)),
      other: fc.record({ a: text.filter(isText) }),
    });
    fc.assert(
      fc.property(request, cuts, (value, places) => {
        const { words, sample } = scan(JSON.stringify(value), all, places);
        const strings = stringsOf(value);
        expect(words).toBe(strings.reduce((sum, one) => sum + countWords(one), 0));
        expect(sample).toEqual({ text: strings.map((one) => `${one}\n`).join(''), share: 1 });
      }),
    );
  });
});

describe('the sample of a long text', () => {
  const long = (chars: number) =>
    Array.from({ length: chars / 8 }, (_, index) => index.toString(36).padStart(7, '0')).join(' ');

  it('is bounded, and taken evenly from all of it', () => {
    for (const chars of [64_000, 70_000, 1_000_000, 3_333_336]) {
      const { sample } = scan(JSON.stringify({ input: long(chars) }));
      const share = sample?.share ?? 0;
      const text = sample?.text ?? '';
      expect(text.length).toBeLessThanOrEqual(65_536);
      expect(text.length).toBeGreaterThan(Math.min(30_000, chars));
      expect(Math.abs(text.length / share - chars)).toBeLessThan(10);
      const last = text.trim().split(' ').at(-2) ?? '';
      expect(Number.parseInt(last, 36)).toBeGreaterThan((chars / 8) * 0.95);
    }
  });

  it('is the same for any split', () => {
    const text = JSON.stringify({ input: [long(80_000), long(160_000)] });
    const whole = scan(text);
    fc.assert(
      fc.property(cuts, (places) => {
        expect(scan(text, all, places)).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });
});
