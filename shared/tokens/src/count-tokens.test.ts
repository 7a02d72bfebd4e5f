import fc from 'fast-check';
import { getEncoding } from 'js-tiktoken';
import { describe, expect, it } from 'vitest';
import { countTokens, type Encoding, loadTokenCounter } from './count-tokens.ts';
import { estimateFromChars } from './estimate-from-chars.ts';

const encodings: readonly Encoding[] = ['o200k_base', 'cl100k_base'];

const ordinary = {
  prose: 'A weir holds a river back, lets through what the river bed can take, and measures it.\n\n'.repeat(
    20,
  ),
  code: 'export const add = (left: number, right: number): number => left + right; // 1_000\n'.repeat(20),
  json: JSON.stringify(
    Array.from({ length: 60 }, (_, index) => ({ id: index, name: `n${index}`, ok: true })),
  ),
  cyrillic: 'Привет, как дела? Всё хорошо, спасибо.\r\n'.repeat(20),
  chinese: '水利工程学是土木工程的一个分支，研究水的运动、控制和利用。'.repeat(20),
  contractions: "it's DON'T we've i'll \u2019s\t\t  x  cafe\u0301s 12345 ".repeat(30),
  'special tokens': 'a <|endoftext|> b <|im_start|>user<|im_end|> '.repeat(20),
  nothing: '',
};

const hostile = {
  'one letter': 'a'.repeat(20_000),
  'one letter, a million times': 'a'.repeat(1_000_000),
  spaces: ' '.repeat(20_000),
  newlines: '\n'.repeat(20_000),
  'combining marks': `e${'\u0301'.repeat(20_000)}`,
  'rare ideographs': Array.from({ length: 20_000 }, (_, index) =>
    String.fromCharCode(0x4e00 + ((index * 7919) % 20_000)),
  ).join(''),
  'unknown words': Array.from({ length: 3_000 }, (_, index) => ((index + 9) ** 7).toString(36)).join(' '),
};

describe.each(encodings)('counting with %s', (encoding) => {
  const oracle = getEncoding(encoding);
  const oracleCount = (text: string): number => oracle.encode(text, [], []).length;

  it.each(Object.entries(ordinary))('gives what the reference gives for %s', async (_name, text) => {
    expect(await countTokens(text, { encoding })).toEqual({ tokens: oracleCount(text), exact: true });
  });

  it('gives what the reference gives whenever it says that it is exact', async () => {
    const count = await loadTokenCounter(encoding);
    const fragment = fc.oneof(
      fc.constantFrom(
        ' ',
        '  ',
        '\n',
        "'s",
        "'",
        'é',
        '\u0301',
        '12',
        '1',
        '.',
        '/',
        '水利',
        '😀',
        'Ab',
        'THE',
        ' the',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const seen = { exact: 0 };
    fc.assert(
      fc.property(fc.array(fragment, { minLength: 250, maxLength: 600, size: 'max' }), (fragments) => {
        const text = fragments.join('');
        const { tokens, exact } = count(text);
        if (!exact) return;
        seen.exact += 1;
        expect(tokens).toBe(oracleCount(text));
      }),
      { numRuns: 40 },
    );
    expect(seen.exact).toBeGreaterThan(10);
  });

  it.each(Object.entries(hostile))('takes bounded time for %s', async (_name, text) => {
    const count = await loadTokenCounter(encoding);
    const timesMs = Array.from({ length: 7 }, () => {
      const startedAt = performance.now();
      expect(count(text)).toMatchObject({ exact: false, tokens: expect.any(Number) });
      return performance.now() - startedAt;
    });
    expect(Math.min(...timesMs)).toBeLessThan(5);
  });
});

it('a sample is near the count of the whole', async () => {
  const paragraphs = Object.values(ordinary).join('\n');
  const whole = await countTokens(paragraphs);
  const sampled = await countTokens(paragraphs, { maxChars: paragraphs.length / 2 });
  expect(sampled.exact).toBe(false);
  expect(Math.abs(sampled.tokens - whole.tokens) / whole.tokens).toBeLessThan(0.15);
});

it('an estimate is a quarter of the characters, rounded up', () => {
  expect([0, 1, 4, 5].map(estimateFromChars)).toEqual([0, 1, 1, 2]);
});
