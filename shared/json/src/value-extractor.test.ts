import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitBytes } from './split-bytes.ts';
import { createTextMembers } from './text-counter.ts';
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

describe('the text of a document', () => {
  const members = createTextMembers({ strings: ['content', 'text'], objects: ['arguments'] });

  const charsOf = (text: string, cuts: readonly number[] = []): number => {
    const extractor = createValueExtractor({}, { text: members, maxValueBytes: 100 });
    for (const piece of splitBytes(encoder.encode(text), cuts)) extractor.push(piece);
    return extractor.textChars;
  };

  it.each([
    ['{"choices":[{"message":{"role":"assistant","content":"hello"}}]}', 5],
    ['{"content":[{"type":"text","text":"four"},{"type":"text","text":"five!"}]}', 9],
    ['{"content":["a","bc"],"other":["no"]}', 3],
    ['{"text":{"format":"no"},"content":null}', 0],
    ['{"content":"gr\\u00fc\\n🌊"}', 6],
    ['{"arguments":{"content":"x","n":[1]},"text":"y"}', 24],
    ['{"arguments":"text","text":7}', 0],
    ['{"cont\\u0065nt":"hidden"}', 6],
    [`{"content":"${'x'.repeat(1_000)}"}`, 1_000],
    ['{"content":"whole","text":"cut o', 5],
  ])('is counted wherever it stands, and nothing else: %s', (text, chars) => {
    expect(charsOf(text)).toBe(chars);
    for (let cut = 1; cut < Math.min(text.length, 200); cut += 1) expect(charsOf(text, [cut])).toBe(chars);
  });

  it('is not looked at when nobody asks', () => {
    const extractor = createValueExtractor({});
    extractor.push(encoder.encode('{"content":"hello"}'));
    expect(extractor.textChars).toBe(0);
  });
});
