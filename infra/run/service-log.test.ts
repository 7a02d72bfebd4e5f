import { expect, it } from 'vitest';
import { createLineSplitter, readNoteworthy } from './service-log.ts';

it.each([
  ['{"level":30,"msg":"ready"}', undefined],
  ['{"level":40,"msg":"bus disconnected"}', 'bus disconnected'],
  ['{"level":50,"msg":"publish","err":{"message":"timeout"}}', 'publish: timeout'],
  ['{"level":50,"err":{"message":"timeout"}}', 'timeout'],
  ['', undefined],
  ['    at main (file.ts:1:1)', '    at main (file.ts:1:1)'],
  ['{ not json', '{ not json'],
])('shows of the line %j: %j', (line, expected) => {
  expect(readNoteworthy(line)).toBe(expected);
});

it('puts lines together again, wherever the output was cut', () => {
  const lines: string[] = [];
  const split = createLineSplitter((line) => lines.push(line));
  for (const part of ['on', 'e\ntw', 'o\n', 'rest']) split(Buffer.from(part));
  expect(lines).toEqual(['one', 'two']);
});
