import { type AttemptFinal, toFinalEvent, toStartedEvent } from '@weir/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readUsageBatch, readUsageEvent } from './read-usage-event.ts';

const data: AttemptFinal = {
  requestId: 'request-1',
  attempt: 1,
  run: 'run-1',
  org: 'acme',
  team: '_',
  key: 'k1',
  route: 'openai-chat',
  api: 'openai.chat',
  upstream: 'gpu',
  target: 't0',
  provider: 'openai-compatible',
  modelRequested: 'small',
  startedAt: 1_000,
  deadline: 61_000,
  stream: true,
  revision: 1,
  quality: 'reported',
  outcome: 'completed',
  usage: { inputTotal: 10, outputTotal: 20 },
  totalMs: 5,
  deliveredBytes: 1,
};

test('what the contracts make is read as it is', () => {
  const event = toFinalEvent('weir', data);
  expect(readUsageEvent(JSON.parse(JSON.stringify(event)))).toEqual({ outcome: 'read', event });
  expect(readUsageEvent(toStartedEvent('weir', data))).toMatchObject({ outcome: 'read' });
});

const event = toFinalEvent('weir', data);
const withData = (given: object) => ({ ...event, data: { ...data, ...given } });

test.each<[unknown, string]>([
  ['text', 'the event is not an object'],
  [{ ...event, specversion: '0.3' }, 'specversion is not 1.0'],
  [{ ...event, id: 1 }, 'id is missing'],
  [{ ...event, type: 'com.other' }, 'type is not known'],
  [{ ...event, data: [] }, 'data is not an object'],
  [withData({ org: undefined }), 'data.org is missing or of the wrong type'],
  [withData({ attempt: '1' }), 'data.attempt is missing or of the wrong type'],
  [{ ...event, source: undefined }, 'source is missing'],
  [withData({ target: undefined }), 'data.target is missing or of the wrong type'],
  [withData({ revision: 0.5 }), 'data.revision is not a count'],
  [withData({ revision: -1 }), 'data.revision is not a count'],
  [withData({ startedAt: -1 }), 'data.startedAt is not a time since the epoch'],
  [withData({ modelServed: 5 }), 'data.modelServed is not a text'],
  [withData({ usage: { inputTotal: -1 } }), 'data.usage is not a record of token counts'],
  [withData({ usage: { inputTotal: '10' } }), 'data.usage is not a record of token counts'],
  [withData({ quality: 'guessed' }), 'data.quality is not known'],
  [withData({ outcome: 'lost' }), 'data.outcome is not known'],
  [withData({ org: 'a.b' }), 'data.org is not a subject token'],
  [withData({ key: '' }), 'data.key is not a subject token'],
  [withData({ startedAt: Number.MAX_SAFE_INTEGER }), 'data.startedAt is not a time since the epoch'],
  [withData({ usage: { inputTotal: 2e12 } }), 'data.usage is not a record of token counts'],
  [withData({ charges: 'm|org:acme|monthly|0|1' }), 'data.charges is not a list of texts'],
])('case %#: poison is named: %s', (value, problem) => {
  expect(readUsageEvent(value)).toEqual({ outcome: 'poison', problem });
});

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test('law: nothing makes it throw', () => {
  fc.assert(fc.property(fc.anything(), (value) => readUsageEvent(value).outcome === 'poison'));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => readUsageBatch(bytes).length >= 0));
});

test('one event that cannot be read does not take the others of its batch along', () => {
  expect(readUsageBatch(bytesOf([event, {}, event])).map(({ outcome }) => outcome)).toEqual([
    'read',
    'poison',
    'read',
  ]);
});

test('what is no batch is one poison event', () => {
  expect(readUsageBatch(bytesOf(event))).toEqual([
    { outcome: 'poison', problem: 'the message is not a batch of events' },
  ]);
  expect(readUsageBatch(new TextEncoder().encode('['))).toHaveLength(1);
});

test('an attempt cannot begin more than an hour after its message was stored', () => {
  const late = { ...event, data: { ...data, startedAt: 3_700_000 } };
  const outcomeAt = (storedAt: number) => readUsageBatch(bytesOf([late]), storedAt)[0]?.outcome;
  expect(outcomeAt(100_000)).toBe('read');
  expect(outcomeAt(99_999)).toBe('poison');
});
