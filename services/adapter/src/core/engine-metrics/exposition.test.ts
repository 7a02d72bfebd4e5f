import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSamples } from './exposition.ts';

const wanted = new Set(['a:b', 'c']);
const read = (text: string) =>
  readSamples(text, wanted).map(({ name, labels, value }) => [name, Object.fromEntries(labels), value]);

describe('a sample', () => {
  it.each<[string, string, unknown[]]>([
    ['without labels', 'c 3', ['c', {}, 3]],
    ['with labels', 'a:b{x="1",y="two"} 4.0', ['a:b', { x: '1', y: 'two' }, 4]],
    ['with blanks and a comma at the end', ' a:b { x = "1" , } \t 5', ['a:b', { x: '1' }, 5]],
    ['with no labels in braces', 'c{} 1.', ['c', {}, 1]],
    ['with escapes', String.raw`c{x="a\\b\"c\nd"} 1`, ['c', { x: 'a\\b"c\nd' }, 1]],
    ['with a brace and a hash in a label', 'c{x="}# ,{"} 2', ['c', { x: '}# ,{' }, 2]],
    ['with an exponent', 'c 1.5e-05', ['c', {}, 0.000015]],
    ['with a sign', 'c +8.1E+06', ['c', {}, 8_100_000]],
    ['with a time', 'c{x="1"} 7 1727300000000', ['c', { x: '1' }, 7]],
    ['with a time before 1970', 'c 7 -1', ['c', {}, 7]],
    ['with an exemplar', 'c{le="1"} 8 # {trace_id="K 1"} 9 1.5', ['c', { le: '1' }, 8]],
    ['with the end of a line of another system', 'c 9\r', ['c', {}, 9]],
    ['that is infinite', 'c +Inf', ['c', {}, Number.POSITIVE_INFINITY]],
    ['that is infinitely small', 'c -Inf', ['c', {}, Number.NEGATIVE_INFINITY]],
    ['that is no number', 'c NaN', ['c', {}, Number.NaN]],
    ['that is no number, as C++ writes it', 'c -nan', ['c', {}, Number.NaN]],
    ['without a value', 'c', ['c', {}, Number.NaN]],
    ['with something else for a value', 'c{x="1"} 0x1p3', ['c', { x: '1' }, Number.NaN]],
    ['whose labels are cut', 'c{x="1', ['c', {}, Number.NaN]],
    ['whose labels lack a comma', 'c{x="1" y="2"} 3', ['c', {}, Number.NaN]],
    ['whose label is not quoted', 'c{x=1} 3', ['c', {}, Number.NaN]],
  ])('%s is read', (_what, line, sample) => {
    expect(read(`${line}\n`)).toEqual([sample]);
    expect(read(line)).toEqual([sample]);
  });

  it.each([
    ['a comment', '# HELP c 3'],
    ['a type', '# TYPE c gauge'],
    ['an empty line', ''],
    ['a longer name', 'c_total 3'],
    ['a name in quotes', '{"c"} 3'],
    ['the end of OpenMetrics', '# EOF'],
  ])('is not found in %s', (_what, line) => {
    expect(read(`${line}\nc 1`)).toEqual([['c', {}, 1]]);
  });
});

const escaped = (text: string) =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

describe('an exposition', () => {
  const anyText = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\r', ''));
  const anySample = fc.record({
    name: fc.constantFrom('a:b', 'c', 'other'),
    labels: fc.dictionary(fc.stringMatching(/^[a-z_][a-z0-9_]{0,5}$/), anyText, { noNullPrototype: true }),
    value: fc.oneof(fc.double({ noNaN: true }), fc.integer()),
  });
  const toLine = ({ name, labels, value }: { name: string; labels: object; value: number }) => {
    const text = Object.entries(labels).map(([label, of]) => `${label}="${escaped(of)}"`);
    return `${name}{${text.join(',')}} ${String(value).replace('Infinity', 'Inf')}`;
  };

  it('is read as it was written, whatever stands in its labels', () => {
    fc.assert(
      fc.property(fc.array(anySample), (samples) => {
        const expected = samples
          .filter(({ name }) => wanted.has(name))
          .map(({ name, labels, value }) => [name, labels, value]);
        // The text has no sign of zero that matters.
        expect(JSON.stringify(read(samples.map(toLine).join('\n')))).toBe(JSON.stringify(expected));
      }),
    );
  });

  it('may be any text at all', () => {
    const anyPiece = fc.oneof(
      fc.constantFrom('c', '{', '}', '"', '\\', '=', ',', ' ', '\n', '1'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(anyPiece), (pieces) => {
        expect(() => read(pieces.join(''))).not.toThrow();
      }),
    );
  });
});
