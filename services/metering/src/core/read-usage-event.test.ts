import { type AttemptFinal, toFinalEvent, toStartedEvent } from '@weir/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readUsageEvent } from './read-usage-event.ts';

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
  [withData({ revision: 0.5 }), 'data.revision is missing or of the wrong type'],
  [withData({ usage: { inputTotal: -1 } }), 'data.usage is not a record of token counts'],
  [withData({ usage: { inputTotal: '10' } }), 'data.usage is not a record of token counts'],
  [withData({ quality: 'guessed' }), 'data.quality is not known'],
  [withData({ outcome: 'lost' }), 'data.outcome is not known'],
])('case %#: poison is named: %s', (value, problem) => {
  expect(readUsageEvent(value)).toEqual({ outcome: 'poison', problem });
});

test('law: nothing makes it throw', () => {
  fc.assert(fc.property(fc.anything(), (value) => readUsageEvent(value).outcome === 'poison'));
});
