import { subjects, toRatedEvent } from '@weir/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLedgerMessage } from './read-ledger-message.ts';
import { encode, toCommit } from './testdata/history.ts';
import { ratedUsage } from './testdata/rated-usage.ts';

const subject = subjects.rated('acme', 'web', 'k1');
const event = toRatedEvent('weir', ratedUsage);
const commit = { ...toCommit({ to: 3 }), hash: 'a'.repeat(64), previousHash: '0'.repeat(64) };

test('what the contracts make is read as it is', () => {
  expect(readLedgerMessage(subject, encode(event))).toEqual({ kind: 'record', event });
  expect(readLedgerMessage(subjects.ledgerCommit, encode(commit))).toEqual({ kind: 'commit', commit });
});

const withData = (given: object) => ({ ...event, data: { ...ratedUsage, ...given } });
const { rating, delta } = ratedUsage;

test.each<[unknown, string]>([
  [[], 'the record is not an object'],
  [{ ...event, type: 'io.weir.usage.v1' }, 'type is not io.weir.usage.rated.v1'],
  [{ ...event, subject: undefined }, 'subject is missing'],
  [withData({ org: 'a b' }), 'data.org is not a subject token'],
  [withData({ ratingNumber: -1 }), 'data.ratingNumber is not a count'],
  [withData({ rating: { ...rating, status: 'free' } }), 'data.rating.status is not known'],
  [
    withData({ rating: { ...rating, amountNano: 7 } }),
    'data.rating.amountNano is not a whole number as text',
  ],
  [
    withData({ rating: { ...rating, chargeNano: '1e3' } }),
    'data.rating.chargeNano is not a whole number as text',
  ],
  [
    withData({ rating: { ...rating, lanesNano: { other: '1' } } }),
    'data.rating.lanesNano is not a record of amounts',
  ],
  [
    withData({ delta: { ...delta, amountNano: '0x7' } }),
    'data.delta.amountNano is not a whole number as text',
  ],
  [withData({ delta: { ...delta, requests: 0.5 } }), 'data.delta.requests is not a whole number'],
  [withData({ delta: { ...delta, previousRevision: -1 } }), 'data.delta.previousRevision is not a count'],
  [withData({ source: { sequence: 1 } }), 'data.source is not a sequence and a part'],
])('case %#: an unreadable record says why: %s', (value, problem) => {
  expect(readLedgerMessage(subject, encode(value))).toEqual({ kind: 'unreadable', problem });
});

test.each<[object, string]>([
  [{ v: 2 }, 'the commit is not of version 1'],
  [{ from: -1 }, 'from is not a count'],
  [{ sourceEpoch: 5 }, 'sourceEpoch is missing'],
  [{ hash: 'A'.repeat(64) }, 'hash is not a SHA-256 in hex'],
])('case %#: an unreadable commit says why: %s', (given, problem) => {
  expect(readLedgerMessage(subjects.ledgerCommit, encode({ ...commit, ...given }))).toEqual({
    kind: 'unreadable',
    problem,
  });
});

test('a subject of something else is not read', () => {
  expect(readLedgerMessage('weir.alert.v1.acme', encode(event)).kind).toBe('unreadable');
});

test('law: nothing makes it throw', () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.json().map((text) => new TextEncoder().encode(text)),
  );
  const anySubject = fc.constantFrom(subject, subjects.ledgerCommit, '');
  fc.assert(fc.property(anySubject, bytes, (of, data) => readLedgerMessage(of, data).kind === 'unreadable'));
});
