import { parseConfig, type WeirConfig } from '@weir/contracts';
import { describe, expect, test } from 'vitest';
import { createOutcomeCounter, type EndedAttempt } from './outcome-counter.ts';

const upstream = { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] };

const configWith = (canary: object | undefined): WeirConfig => {
  const parsed = parseConfig({
    version: 1,
    upstreams: { stable: upstream, next: upstream },
    routes: [{ name: 'chat', match: { path: '/chat' }, ...(canary ? { canary } : {}) }],
  });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};

const canary = {
  stable: 'stable',
  canary: 'next',
  steps: [{ weight: 5, holdMs: 1_000 }],
  rollback: { latencyMs: 100 },
};

const completed: EndedAttempt = { outcome: 'completed', reason: undefined, status: 200 };

const open = (config = configWith(canary)) => {
  const counter = createOutcomeCounter({ instance: 'adapter-1', epoch: 7 });
  counter.configure(config);
  return counter;
};

const begin = (counter: ReturnType<typeof open>) => {
  const ticket = counter.begin('chat', 'next', 1_000);
  if (!ticket) throw new Error('not counted');
  return ticket;
};

describe('what an attempt counts as', () => {
  test.each<[string, EndedAttempt, number, number]>([
    ['an answer', completed, 1, 0],
    ['a refusal of what the client sent', { ...completed, outcome: 'provider_error', status: 400 }, 1, 0],
    ['a 500', { outcome: 'provider_error', reason: 'upstream_5xx', status: 500 }, 1, 1],
    ['too many requests', { outcome: 'provider_error', reason: 'upstream_rate_limited', status: 429 }, 1, 1],
    [
      'a credential that is refused',
      { outcome: 'provider_error', reason: 'upstream_credentials', status: 401 },
      1,
      1,
    ],
    ['no connection', { outcome: 'provider_error', reason: 'connect_failed', status: undefined }, 1, 1],
    ['a stream that breaks', { outcome: 'provider_error', reason: 'upstream_truncated', status: 200 }, 1, 1],
    ['no answer in time', { outcome: 'timeout', reason: 'first_byte_timeout', status: undefined }, 1, 1],
    ['a client that goes', { outcome: 'client_cancelled', reason: 'client_disconnected', status: 200 }, 0, 0],
    [
      'an intent that is not stored',
      { outcome: 'provider_error', reason: 'metering_unavailable', status: undefined },
      0,
      0,
    ],
    ['our own end', { outcome: 'shutdown', reason: 'draining', status: undefined }, 0, 0],
  ])('%s', (_what, ended, answers, failures) => {
    const counter = open();
    const ticket = begin(counter);
    ticket.ended(ended);
    ticket.ended(ended);
    expect(counter.report()?.counts).toMatchObject([{ answers, failures }]);
  });
});

describe('a first byte', () => {
  test.each([
    [1_100, 0],
    [1_101, 1],
  ])('at %i: slow %i', (at, slow) => {
    const counter = open();
    const ticket = begin(counter);
    ticket.firstByte(at);
    ticket.firstByte(at + 900);
    expect(counter.report()?.counts).toMatchObject([{ firstBytes: 1, slow }]);
  });

  test('that is overdue is slow before it comes, and counts once', () => {
    const counter = open();
    const ticket = begin(counter);
    ticket.tick(1_050);
    expect(counter.report()?.counts).toMatchObject([{ firstBytes: 0 }]);
    ticket.tick(1_250);
    ticket.tick(1_500);
    ticket.firstByte(2_000);
    expect(counter.report()?.counts).toMatchObject([{ firstBytes: 1, slow: 1 }]);
  });

  test('is not waited for any more when the attempt is over', () => {
    const counter = open();
    const ticket = begin(counter);
    ticket.ended(completed);
    ticket.tick(9_000);
    expect(counter.report()?.counts).toMatchObject([{ firstBytes: 0, slow: 0 }]);
  });
});

test('only the canary of a route is counted', () => {
  const counter = open();
  expect(counter.begin('chat', 'stable', 0)).toBeUndefined();
  expect(counter.begin('other', 'next', 0)).toBeUndefined();
  counter.configure(configWith(undefined));
  expect(counter.report()).toBeUndefined();
  expect(counter.begin('chat', 'next', 0)).toBeUndefined();
});

test('another configuration begins to count anew; what was begun before says nothing of it', () => {
  const counter = open();
  const before = begin(counter);
  counter.configure(configWith(canary));
  begin(counter).ended(completed);
  const [first] = counter.report()?.counts ?? [];
  expect(first).toMatchObject({ answers: 1 });
  counter.configure(configWith({ ...canary, steps: [{ weight: 6, holdMs: 1_000 }] }));
  before.ended(completed);
  const [second] = counter.report()?.counts ?? [];
  expect(second).toMatchObject({ answers: 0 });
  expect(second?.revision).not.toBe(first?.revision);
});
