import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BodyEdit, createBodyEditor, editedLength } from './body-editor.ts';
import { planRequestEdits, toRequestMarks } from './request-edits.ts';
import { createRequestScanner } from './request-scanner.ts';
import { splitBytes } from './split-bytes.ts';

const encoder = new TextEncoder();

const applyEdits = (body: Uint8Array, edits: readonly BodyEdit[], cuts: readonly number[] = []): Buffer => {
  const editor = createBodyEditor(edits);
  const parts = splitBytes(body, cuts).flatMap((piece) => editor.push(piece));
  return Buffer.concat([...parts, ...editor.finish()]);
};

type Change = Omit<Parameters<typeof planRequestEdits>[0], 'marks'>;

const chatCaps = ['max_completion_tokens', 'max_tokens'] as const;

const planFor = (body: string, change: Change): readonly BodyEdit[] => {
  const scanner = createRequestScanner({ maxDepth: 64 });
  scanner.push(encoder.encode(body));
  const result = scanner.finish();
  if (result.outcome !== 'scanned') throw new Error(result.message);
  return planRequestEdits({ marks: toRequestMarks(result.fields, chatCaps), ...change });
};

const editBody = (body: string, change: Change): string =>
  applyEdits(encoder.encode(body), planFor(body, change)).toString();

describe('the edits of a request', () => {
  it.each([
    ['{}', '{"stream_options":{"include_usage":true}}'],
    ['{ "a":1}', '{"stream_options":{"include_usage":true}, "a":1}'],
    ['{"stream_options":null}', '{"stream_options":{"include_usage":true}}'],
    ['{"stream_options":{ }}', '{"stream_options":{"include_usage":true }}'],
    ['{"stream_options":{"b":0}}', '{"stream_options":{"include_usage":true,"b":0}}'],
    ['{"stream_options":{"include_usage": false}}', '{"stream_options":{"include_usage": true}}'],
    ['{"stream_options":{"include_usage":null}}', '{"stream_options":{"include_usage":true}}'],
    ['{"stream_options":{"include_usage":true}}', '{"stream_options":{"include_usage":true}}'],
  ])('make %s ask for usage', (body, expected) => {
    expect(editBody(body, { askUsage: true })).toBe(expected);
  });

  it('give the body another model name', () => {
    expect(editBody('{ "model" : "a" }', { model: 'b"ü', askUsage: false })).toBe('{ "model" : "b\\"ü" }');
    expect(editBody('{}', { model: 'b', askUsage: true })).toBe(
      '{"model":"b","stream_options":{"include_usage":true}}',
    );
  });

  it.each([
    ['{"max_tokens": 900}', 1, '{"max_tokens": 100}'],
    ['{"max_tokens":100}', 1, '{"max_tokens":100}'],
    ['{"max_tokens":1e9,"n":3}', 3, '{"max_tokens":33,"n":3}'],
    ['{"max_tokens":null}', 1, '{"max_tokens":100}'],
    ['{"max_tokens":50,"max_completion_tokens":5000}', 1, '{"max_tokens":50,"max_completion_tokens":100}'],
    ['{"max_output_tokens":5000}', 1, '{"cap":100,"max_output_tokens":5000}'],
    ['{}', 1, '{"cap":100}'],
    ['{"n":0}', 0, '{"cap":100,"n":0}'],
    ['{"n":1000}', 1000, '{"cap":1,"n":1000}'],
  ])('lower the cap of %s to what its %i answers may have together', (body, choices, expected) => {
    const outputCap = { tokens: 100, choices, name: 'cap' };
    expect(editBody(body, { askUsage: false, outputCap })).toBe(expected);
  });

  it('are none when nothing is to change, or the body is no object', () => {
    expect(planFor('{"model":"a"}', { askUsage: false })).toEqual([]);
    expect(planRequestEdits({ marks: {}, model: 'a', askUsage: true })).toEqual([]);
  });

  it('change only what they should, for any body and any split', () => {
    const request = fc.record(
      {
        first: fc.jsonValue({ stringUnit: 'binary' }),
        model: fc.string({ unit: 'binary' }),
        stream_options: fc.oneof(
          fc.constant(null),
          fc.record({ include_usage: fc.boolean(), other: fc.jsonValue() }, { requiredKeys: [] }),
        ),
        last: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(request, fc.string(), fc.array(fc.nat(), { maxLength: 6 }), (value, model, cuts) => {
        const text = JSON.stringify(value);
        const body = encoder.encode(text);
        const edits = planFor(text, { model, askUsage: true });
        const edited = applyEdits(body, edits, cuts);
        expect(edited.byteLength).toBe(editedLength(body.byteLength, edits));
        const whole: typeof value = JSON.parse(text);
        expect(JSON.parse(edited.toString())).toEqual({
          ...{ ...whole, model },
          stream_options: { ...whole.stream_options, include_usage: true },
        });
      }),
    );
  });
});

describe('a body editor', () => {
  it('splices the same for any split', () => {
    const spans = fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 9 }), fc.string()), { maxLength: 5 });
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        spans,
        fc.array(fc.nat(), { maxLength: 6 }),
        (body, gaps, cuts) => {
          const edits: BodyEdit[] = [];
          const expected: Uint8Array[] = [];
          let place = 0;
          for (const [gap, width, text] of gaps) {
            const start = Math.min(place + gap, body.length);
            const end = Math.min(start + width, body.length);
            edits.push({ start, end, replacement: encoder.encode(text) });
            expected.push(body.subarray(place, start), encoder.encode(text));
            place = end;
          }
          expected.push(body.subarray(place));
          expect(applyEdits(body, edits, cuts)).toEqual(Buffer.concat(expected));
        },
      ),
    );
  });

  it('refuses edits that overlap, and a body shorter than its edits', () => {
    const replacement = new Uint8Array(0);
    const edit = { start: 2, end: 5, replacement };
    expect(() => createBodyEditor([edit, { start: 4, end: 4, replacement }])).toThrow('overlaps');
    expect(() => applyEdits(new Uint8Array(4), [edit])).toThrow('ended before an edit');
  });
});
