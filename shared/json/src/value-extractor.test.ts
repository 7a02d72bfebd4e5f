import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitBytes } from './split-bytes.ts';
import { createValueExtractor, type ValueExtractor } from './value-extractor.ts';

const encoder = new TextEncoder();
const paths = { usage: ['usage'], model: ['model'], inner: ['response', 'usage'], outer: ['response'] };

const extract = (text: string, cuts: readonly number[] = []): ValueExtractor<keyof typeof paths> => {
  const extractor = createValueExtractor(paths, { maxValueBytes: 100 });
  for (const piece of splitBytes(encoder.encode(text), cuts)) extractor.push(piece);
  return extractor;
};

describe('a value extractor', () => {
  it.each([
    ['{"usage":{"a":[1, "}"]},"model":"m"}', { usage: '{"a":[1, "}"]}', model: '"m"' }],
    ['{"response":{"x":[{"usage":0}],"usage":7 }}', { inner: '7', outer: '{"x":[{"usage":0}],"usage":7 }' }],
    ['{"response":[{"usage":7}]}', { outer: '[{"usage":7}]', inner: undefined }],
    ['{"choices":[{"usage":1,"model":"no"}],"other":{"usage":2}}', { usage: undefined, model: undefined }],
    ['{"response":{"a":1},"other":{"usage":2}}', { inner: undefined }],
    ['{"usage":1,"usage":null}', { usage: 'null' }],
    ['{"us\\u0061ge":[]}', { usage: '[]' }],
    [`{"usage":"${'x'.repeat(99)}","model":[${'1,'.repeat(50)}1]}`, { usage: undefined, model: undefined }],
  ])('finds what it looks for in %s', (text, expected) => {
    for (const [name, value] of Object.entries(expected)) {
      expect(extract(text).value(name as keyof typeof paths)).toBe(value);
    }
  });

  it('keeps what came before a fault', () => {
    const extractor = extract('{"usage":{"a":1},oops');
    expect(extractor.failed).toBe(true);
    expect(extractor.value('usage')).toBe('{"a":1}');
  });

  it('finds the same values for any split', () => {
    const answer = fc.record(
      {
        usage: fc.jsonValue(),
        choices: fc.array(fc.record({ usage: fc.jsonValue(), model: fc.string() })),
        response: fc.oneof(fc.jsonValue(), fc.record({ model: fc.jsonValue(), usage: fc.jsonValue() })),
        model: fc.string({ unit: 'binary' }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(answer, fc.array(fc.nat(), { maxLength: 8 }), (value, cuts) => {
        const text = JSON.stringify(value, null, 1);
        const whole = JSON.parse(text);
        const extractor = createValueExtractor(paths);
        for (const piece of splitBytes(encoder.encode(text), cuts)) extractor.push(piece);
        expect(JSON.parse(extractor.value('usage') ?? 'null')).toEqual(whole.usage ?? null);
        expect(JSON.parse(extractor.value('model') ?? 'null')).toEqual(whole.model ?? null);
        expect(JSON.parse(extractor.value('outer') ?? 'null')).toEqual(whole.response ?? null);
        const inner = Array.isArray(whole.response) ? null : whole.response?.usage;
        expect(JSON.parse(extractor.value('inner') ?? 'null')).toEqual(inner ?? null);
      }),
    );
  });
});
