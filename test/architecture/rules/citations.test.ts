import { expect, test } from 'vitest';
import { parseSources } from '../source-file.ts';
import { findMissingTests, readCitingRows } from './citations.ts';

const documentWith = (cell: string): string =>
  `# Doc\n\n## Cases\n\n**store** \`a/store.test.ts\`.\n\n| | what | shown by |\n|---|---|---|\n| 1 | a \\| b | ${cell} |\n\n## Others\n\n| 2 | x | *y* |\n`;

const files = parseSources({
  'a/store.test.ts': "it('keeps what it has', () => {});\nit.each([1])('says %s at once', () => {});\n",
  'b/kill.test.ts': "describe('a kill', () => {});\n",
  'c/kill.test.ts': 'expect("a text that is no title");\n',
});

const missing = (cell: string): string[] =>
  findMissingTests(readCitingRows(documentWith(cell), 'Cases'), files);

test('titles are found in the file that was named last, by its word, its path or the end of it', () => {
  expect(missing('store: *keeps what it has*, *says … at once*; `b/kill.test.ts`: *a kill*')).toEqual([]);
});

test('a title that is not whole, or of another file, is found out', () => {
  expect(missing('store: *keeps*')).toEqual(['1: a/store.test.ts has no "keeps"']);
  expect(missing('store: *a kill*')).toEqual(['1: a/store.test.ts has no "a kill"']);
});

test('so is a file that is not there, or that several files may be', () => {
  expect(missing('`gone.test.ts`: *a kill*')).toEqual(['1: 0 files are called "gone.test.ts"']);
  expect(missing('`kill.test.ts`: *a kill*')).toEqual(['1: 2 files are called "kill.test.ts"']);
});

test('rows are those under the heading, and each says what it names', () => {
  expect(readCitingRows(documentWith('as before'), 'Cases')).toEqual([{ number: '1', citations: [] }]);
});
