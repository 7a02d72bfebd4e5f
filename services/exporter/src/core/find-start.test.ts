import { expect, test } from 'vitest';
import { findStart } from './find-start.ts';

const stream = { epoch: '2026-11-20T00:00:00Z', first: 11, last: 20 };
const at = (sequence: number) => ({ epoch: stream.epoch, sequence });

test('a new sink begins at the oldest message, or behind the newest', () => {
  expect(findStart(undefined, stream, 'first')).toEqual({ outcome: 'found', sequence: 10 });
  expect(findStart(undefined, stream, 'new')).toEqual({ outcome: 'found', sequence: 20 });
});

test('a sink goes on where it stands, whatever it began with', () => {
  for (const sequence of [10, 15, 20]) {
    expect(findStart(at(sequence), stream, 'new')).toEqual({ outcome: 'found', sequence });
  }
});

test.each([
  ['messages are gone that it never had', at(9), 'the stream begins at 11'],
  ['it has more than the stream, which lost some', at(21), 'the stream ends at 20'],
  ['the stream is another one', { epoch: '2026-01-01T00:00:00Z', sequence: 15 }, 'this one was created'],
])('a sink stops when %s', (_why, stored, problem) => {
  expect(findStart(stored, stream, 'first')).toMatchObject({
    outcome: 'lost',
    problem: expect.stringContaining(problem),
  });
});
