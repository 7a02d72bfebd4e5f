import { expect, test } from 'vitest';
import { readSimulateOptions } from './options.ts';

const read = (...given: string[]) => readSimulateOptions(given, ['burst', 'load']);

test('without options it is everything, once', () => {
  expect(read()).toEqual({ scenarios: [], policies: [], seeds: [1], durationMs: 60_000, writes: false });
});

test('seeds count up from the first', () => {
  expect(read('--seed', '7', '--seeds', '3').seeds).toEqual([7, 8, 9]);
});

test('scenarios and policies are lists of known names', () => {
  const options = read('--scenario', 'load,burst', '--policy', 'full,random');
  expect(options).toMatchObject({ scenarios: ['load', 'burst'], policies: ['full', 'random'] });
  expect(() => read('--scenario', 'lunch')).toThrow('--scenario knows burst, load; not "lunch"');
});

test.each([
  ['--seeds', '0'],
  ['--seed', 'x'],
  ['--duration', '29'],
  ['--duration', '60.5'],
])('%s %s is refused', (name, value) => {
  expect(() => read(name, value)).toThrow(`${name} is a whole number`);
});

test('a page is written of everything only', () => {
  expect(read('--write').writes).toBe(true);
  expect(() => read('--write', '--policy', 'full')).toThrow('--write is for all');
});
