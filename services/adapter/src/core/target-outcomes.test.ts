import { describe, expect, test } from 'vitest';
import { createTargetOutcomes } from './target-outcomes.ts';

const none = { succeeded: 0, failed: 0, consecutiveFailures: 0 };

describe('the outcome of an attempt', () => {
  test.each([
    ['an answer', 200, { ...none, succeeded: 1 }],
    ["a refusal that is the client's fault", 404, { ...none, succeeded: 1 }],
    ['too many requests', 429, none],
    ['an overload', 529, none],
    ['nothing that it offers', 501, none],
    [
      'a fault of its own',
      503,
      { succeeded: 0, failed: 1, consecutiveFailures: 1, lastFailure: 'upstream_5xx' },
    ],
  ])('%s', (_what, status, expected) => {
    const outcomes = createTargetOutcomes();
    outcomes.take('gpu', 't0').answered(status);
    expect(outcomes.of('gpu', 't0')).toEqual(expected);
    expect(outcomes.of('gpu', 't1')).toEqual(none);
  });

  test.each([
    ['connect_failed', 1],
    ['first_byte_timeout', 1],
    ['upstream_truncated', 1],
    ['client_disconnected', 0],
    ['metering_unavailable', 0],
    ['draining', 0],
    ['upstream_rate_limited', 0],
    ['upstream_credentials', 0],
  ] as const)('%s counts %i times as its fault', (reason, failed) => {
    const outcomes = createTargetOutcomes();
    outcomes.take('gpu', 't0').failed(reason);
    expect(outcomes.of('gpu', 't0').failed).toBe(failed);
  });

  test('one attempt fails once, and a status that is handed back is the same failure', () => {
    const outcomes = createTargetOutcomes();
    const ticket = outcomes.take('gpu', 't0');
    ticket.answered(500);
    ticket.failed('upstream_5xx');
    ticket.failed('upstream_reset');
    expect(outcomes.of('gpu', 't0')).toMatchObject({ failed: 1, consecutiveFailures: 1 });
  });

  test('a stream that breaks after it began was an answer, and is a failure', () => {
    const outcomes = createTargetOutcomes();
    const ticket = outcomes.take('gpu', 't0');
    ticket.answered(200);
    ticket.failed('upstream_reset');
    expect(outcomes.of('gpu', 't0')).toMatchObject({ succeeded: 1, failed: 1, consecutiveFailures: 1 });
  });

  test('failures in a row end with an answer', () => {
    const outcomes = createTargetOutcomes();
    for (let count = 0; count < 3; count += 1) outcomes.take('gpu', 't0').failed('connect_failed');
    expect(outcomes.of('gpu', 't0').consecutiveFailures).toBe(3);
    outcomes.take('gpu', 't0').answered(200);
    expect(outcomes.of('gpu', 't0')).toEqual({
      succeeded: 1,
      failed: 3,
      consecutiveFailures: 0,
      lastFailure: 'connect_failed',
    });
  });
});
