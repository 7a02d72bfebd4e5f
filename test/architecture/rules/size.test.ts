import { expect, test } from 'vitest';
import { parseSources } from '../source-file.ts';
import { findHighMedian, findLongFiles, findLongFunctions } from './size.ts';

const linesOf = (count: number): string => 'run();\n'.repeat(count);

test('a file of 301 lines is found, and one of 300 is not', () => {
  const files = parseSources({
    'a.ts': linesOf(301),
    'b.ts': linesOf(300),
    'a.test.ts': linesOf(999),
  });
  expect(findLongFiles(files)).toEqual(['a.ts has 301 lines']);
});

test('a function of 61 lines is found wherever it stands, and one of 60 is not', () => {
  const files = parseSources({
    'arrow.ts': `const long = () => {\n${linesOf(59)}};`,
    'method.ts': `class Long {\n  run() {\n${linesOf(59)}}\n}`,
    'inner.ts': `function outer() {\n  return function inner() {\n${linesOf(58)}};\n}`,
    'short.ts': `const short = () => {\n${linesOf(58)}};`,
  });
  expect(findLongFunctions(files)).toEqual([
    'arrow.ts:1 a function of 61 lines',
    'method.ts:2 a function of 61 lines',
    'inner.ts:1 a function of 62 lines',
  ]);
});

test('a median of 80 lines is found, and one of 79 is not', () => {
  const files = (median: number) =>
    parseSources({
      'a.ts': linesOf(1),
      'b.ts': linesOf(median),
      'c.ts': linesOf(200),
      'd.test.ts': linesOf(500),
    });
  expect(findHighMedian(files(80))).toEqual(['the median file has 80 lines']);
  expect(findHighMedian(files(79))).toEqual([]);
});
