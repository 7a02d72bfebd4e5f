import { expect, test } from 'vitest';
import { closestName } from './closest-name.ts';

const known = ['timeouts', 'targets', 'maxConnections', 'models'];

test.each([
  ['timeout', 'timeouts'],
  ['max_connections', 'maxConnections'],
  ['max-connections', 'maxConnections'],
  ['Models', 'models'],
  ['taregts', 'targets'],
  ['weight', undefined],
  ['x', undefined],
  ['', undefined],
])('for %j it suggests %j', (name, suggestion) => {
  expect(closestName(name, known)).toBe(suggestion);
});

test('a very long name costs little', () => {
  expect(closestName('x'.repeat(1_000_000), known)).toBeUndefined();
});
