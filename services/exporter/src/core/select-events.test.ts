import { subjects, thresholdEventType } from '@weir/contracts';
import { expect, test } from 'vitest';
import { MemoryStream } from '../testdata/memory-stream.ts';
import { readAlertEvent, readLedgerEvent, selectEvents } from './select-events.ts';

test('of the ledger the records are taken, and the commits passed over', () => {
  const stream = new MemoryStream();
  stream.appendUnits(2);
  const { events, unreadable } = selectEvents(stream.messages, readLedgerEvent, ['*']);
  expect(events.map(({ sequence }) => sequence)).toEqual([1, 3]);
  expect(unreadable).toEqual([]);
});

test('an event goes out as it is stored, to the byte', () => {
  const stream = new MemoryStream();
  stream.appendUnits(1);
  const [event] = selectEvents(stream.messages, readLedgerEvent, ['*']).events;
  expect(Buffer.from(event?.text ?? '')).toEqual(Buffer.from(stream.messages[0]?.data ?? []));
});

test('a sink gets the organisations that it asks for', () => {
  const stream = new MemoryStream();
  for (const org of ['acme', 'acme-eu', 'other']) stream.appendUnits(1, org);
  const { events } = selectEvents(stream.messages, readLedgerEvent, ['acme*']);
  expect(events.map(({ event }) => event.subject)).toEqual(['acme', 'acme-eu']);
});

test('what cannot be read is told, and takes nothing along', () => {
  const stream = new MemoryStream();
  stream.append(subjects.rated('acme', 'web', 'k1'), { type: 'nonsense' });
  stream.appendUnits(1);
  const { events, unreadable } = selectEvents(stream.messages, readLedgerEvent, ['*']);
  expect(events).toHaveLength(1);
  expect(unreadable).toMatchObject([{ sequence: 1 }]);
});

test('alerts are read from their own stream', () => {
  const stream = new MemoryStream();
  const subject = subjects.alert({ org: 'acme', budget: 'b', period: 'p', threshold: 't' });
  stream.append(subject, { type: thresholdEventType, id: 'a1', source: '/s', subject: 'acme', data: {} });
  stream.append(subject, { type: 'other' });
  const { events, unreadable } = selectEvents(stream.messages, readAlertEvent, ['*']);
  expect(events).toMatchObject([{ sequence: 1, event: { id: 'a1' } }]);
  expect(unreadable).toHaveLength(1);
});
