import { describe, expect, test } from 'vitest';
import type { AttemptFinal, AttemptStarted } from './usage.ts';
import { toFinalEvent, toStartedEvent } from './usage-event.ts';

const started: AttemptStarted = {
  requestId: 'request-1',
  attempt: 2,
  run: 'r7',
  org: 'acme',
  team: '_',
  key: 'first',
  route: 'openai-chat',
  api: 'openai.chat',
  upstream: 'local',
  target: 'gpu-1',
  provider: 'openai-compatible',
  modelRequested: 'llama-70b',
  startedAt: 1_750_000_000_123,
  deadline: 1_750_000_060_000,
  stream: true,
};

const final: AttemptFinal = {
  ...started,
  revision: 1,
  quality: 'reported',
  outcome: 'completed',
  usage: { inputTotal: 12 },
  totalMs: 910,
  deliveredBytes: 4_321,
};

describe('the id of an event', () => {
  test('is the same whoever emits it, and whenever', () => {
    const later = { ...final, totalMs: 2_000, deliveredBytes: 0 };
    expect(toFinalEvent('one', final).id).toBe(toFinalEvent('other', later).id);
  });

  test('tells intent, revisions, runs and attempts apart', () => {
    const ids = [
      toStartedEvent('weir', started),
      toFinalEvent('weir', final),
      toFinalEvent('weir', { ...final, revision: 2 }),
      toFinalEvent('weir', { ...final, run: 'r8' }),
      toFinalEvent('weir', { ...final, attempt: 3 }),
    ].map(({ id }) => id);
    expect(ids[0]).toBe('request-1.2.r7:s');
    expect(ids[1]).toBe('request-1.2.r7:u1');
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('an event names the org that is billed, and the start of the attempt in UTC', () => {
  const common = { subject: 'acme', partitionkey: 'acme', time: '2025-06-15T15:06:40.123Z', source: 'weir' };
  expect(toStartedEvent('weir', started)).toMatchObject(common);
  expect(toFinalEvent('weir', final)).toMatchObject(common);
});

test('an event has a traceparent only when there is a trace', () => {
  expect(toStartedEvent('weir', started)).not.toHaveProperty('traceparent');
  expect(toStartedEvent('weir', started, 'trace')).toHaveProperty('traceparent', 'trace');
});
