import { expect, test } from 'vitest';
import { parseSources, type SourceFile } from '../source-file.ts';
import * as style from './style.ts';

const path = 'services/policy/src/admit.ts';
const find = (rule: (files: readonly SourceFile[]) => string[], text: string, from = path): string[] =>
  rule(parseSources({ [from]: text }));

test('any is found as a type, and not as a word', () => {
  expect(find(style.findAny, 'const read = (value: any[]) => value;')).toHaveLength(1);
  expect(find(style.findAny, 'const text = "any"; // any of them')).toEqual([]);
});

test('an enum is found', () => {
  expect(find(style.findEnums, 'const one = 1;\nexport const enum Colour { red }')).toEqual([
    `${path}:2 enum`,
  ]);
  expect(find(style.findEnums, 'const colours = { red: 1 } as const;')).toEqual([]);
});

test('a default export is found, unless a tool reads it', () => {
  expect(find(style.findDefaultExports, 'export default 1;')).toHaveLength(1);
  expect(find(style.findDefaultExports, 'const one = 1; export { one as default };')).toHaveLength(1);
  expect(find(style.findDefaultExports, 'export default 1;', 'vitest.config.ts')).toEqual([]);
  expect(find(style.findDefaultExports, 'export const one = 1;')).toEqual([]);
});

test('console is found', () => {
  expect(find(style.findConsole, 'console.warn("no");')).toHaveLength(1);
  expect(find(style.findConsole, 'screen.console.warn("no");')).toEqual([]);
});

test('a service that reads the environment by itself is found', () => {
  expect(find(style.findEnvironmentReaders, `const port = process.env['PORT'];`)).toHaveLength(1);
  expect(find(style.findEnvironmentReaders, `const port = context.env['PORT'];`)).toEqual([]);
  expect(find(style.findEnvironmentReaders, 'start(process.env);', 'services/policy/src/a.test.ts')).toEqual(
    [],
  );
});

test('unfinished work is found in comments, and not in texts', () => {
  expect(find(style.findUnfinished, 'const one = 1;\n// TODO: two')).toEqual([`${path}:2 TODO`]);
  expect(find(style.findUnfinished, 'const list = "TODO"; const more = `TODO FIXME`;')).toEqual([]);
});

test('file names that say nothing or are not kebab-case are found', () => {
  const paths = [
    'shared/json/src/utils.ts',
    'shared/json/src/string-helpers.test.ts',
    'shared/common/src/x.ts',
    'shared/json/src/readJson.ts',
    'shared/json/src/base64.ts',
    'vitest.config.ts',
  ];
  expect(style.findBadFileNames(paths.map((one) => ({ path: one })))).toEqual([
    'shared/json/src/utils.ts says nothing',
    'shared/json/src/string-helpers.test.ts says nothing',
    'shared/common/src/x.ts says nothing',
    'shared/json/src/readJson.ts is not kebab-case',
  ]);
});

test.each([
  'const x = 1;',
  'const handle = (req: Request) => req;',
  'function handle(one: number, opts = {}) { return opts; }',
  'const { message: msg } = event;',
  'try { run(); } catch (e) { stop(e); }',
  'const send = ({ one: { message: msg } }: Call) => msg;',
  'type Box<T> = { value: T };',
])('the short name in %s is found', (text) => {
  expect(find(style.findShortNames, text).length).toBeGreaterThan(0);
});

test.each([
  'const message = 1;',
  'const meta = { v: 1 };',
  'const { n } = body;',
  'type Box<Value> = { value: Value };',
  'response.res.send();',
])('there is no short name in %s', (text) => {
  expect(find(style.findShortNames, text)).toEqual([]);
});
