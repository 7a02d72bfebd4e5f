import { type ErrorReason, errorReasons, type FallbackOffer } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Chances, decideAnswer, decideNoAnswer, type FailureVerdict } from './decide-failure.ts';
import { decideResponse } from './decide-response.ts';

const offer: FallbackOffer = { onHealthFailure: true, onErrorCodes: [429, 503] };
const chances = (given: Partial<Chances> = {}): Chances => ({ remaining: 1, alternatives: 0, ...given });

const answer = (status: number, given: Partial<Chances> = {}, retryAfterMs?: number): FailureVerdict =>
  decideAnswer({ status, chances: chances(given), retryAfterMs, leftMs: 5_000 });

const retry = (reason: ErrorReason): FailureVerdict => ({ verdict: 'hand-back', reason, isFinal: false });
const relay: FailureVerdict = { verdict: 'relay' };

describe('without a list, an answer', () => {
  it('is judged by the rule of old, whatever its status', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        fc.nat(2),
        fc.nat(2),
        (status, remaining, alternatives) => {
          const old = decideResponse({ status, remaining, alternatives });
          const expected = old.verdict === 'retry' ? retry(old.reason) : old;
          expect(answer(status, { remaining, alternatives })).toEqual(expected);
        },
      ),
    );
  });
});

describe('by the list of the route', () => {
  it.each([
    ['5xx', 500, 'upstream_5xx'],
    ['5xx', 599, 'upstream_5xx'],
    ['retriable-4xx', 408, 'upstream_5xx'],
    ['retriable-4xx', 409, 'upstream_error'],
    ['retriable-status-codes', 418, 'upstream_error'],
  ] as const)('%s tries a %i again', (condition, status, reason) => {
    const rule = { on: [condition], statusCodes: [418] };
    expect(answer(status, { retry: rule })).toEqual(retry(reason));
    expect(answer(status, { retry: rule, remaining: 0 })).toEqual(relay);
  });

  it.each([
    ['5xx', 501],
    ['5xx', 408],
    ['5xx', 429],
    ['retriable-4xx', 500],
    ['retriable-4xx', 400],
    ['reset', 503],
    ['connect-failure', 503],
  ] as const)('%s leaves a %i as it is', (condition, status) => {
    expect(answer(status, { retry: { on: [condition] }, alternatives: 3 })).toEqual(relay);
  });

  it('a 429 is tried again elsewhere, or where it says when', () => {
    const rule = { on: ['retriable-4xx'] } as const;
    expect(answer(429, { retry: rule })).toEqual(relay);
    expect(answer(429, { retry: rule, alternatives: 1 })).toEqual(retry('upstream_rate_limited'));
    expect(answer(429, { retry: rule }, 1_000)).toEqual(retry('upstream_rate_limited'));
  });

  it('a 401 never reaches the client, and is tried again only elsewhere and only if it is listed', () => {
    const listed = { on: ['retriable-status-codes'], statusCodes: [401] } as const;
    const refuse = { verdict: 'refuse', reason: 'upstream_credentials' };
    expect(answer(401, { retry: listed })).toEqual(refuse);
    expect(answer(401, { retry: listed, alternatives: 1 })).toEqual(retry('upstream_credentials'));
    expect(answer(401, { retry: { on: ['5xx'] }, alternatives: 1 })).toEqual(refuse);
  });
});

describe('a pause that the provider asks for', () => {
  it('ends the attempts when the request has no such time and nobody else is there', () => {
    expect(answer(503, {}, 5_000)).toEqual(retry('upstream_5xx'));
    expect(answer(503, {}, 5_001)).toEqual(relay);
    expect(answer(503, { alternatives: 1 }, 5_001)).toEqual(retry('upstream_5xx'));
  });

  it('is never waited for longer than a minute', () => {
    const patient = { status: 503, chances: chances(), leftMs: 3_600_000 };
    expect(decideAnswer({ ...patient, retryAfterMs: 60_000 })).toEqual(retry('upstream_5xx'));
    expect(decideAnswer({ ...patient, retryAfterMs: 60_001 })).toEqual(relay);
  });
});

describe('a fallback', () => {
  const trigger = { trigger: 'error-code' };

  it('is named with every failure that is its trigger', () => {
    expect(answer(503, { fallbackOffer: offer })).toEqual({ ...retry('upstream_5xx'), ...trigger });
    expect(answer(500, { fallbackOffer: offer })).toEqual(retry('upstream_5xx'));
  });

  it('is all that is left when the failure is not to be tried again', () => {
    const final = { verdict: 'hand-back', isFinal: true, ...trigger };
    expect(answer(503, { fallbackOffer: offer, remaining: 0 })).toEqual({ ...final, reason: 'upstream_5xx' });
    expect(answer(429, { fallbackOffer: offer })).toEqual({ ...final, reason: 'upstream_rate_limited' });
    expect(answer(503, { fallbackOffer: offer }, 9_000)).toEqual({ ...final, reason: 'upstream_5xx' });
    expect(answer(400, { fallbackOffer: offer })).toEqual(relay);
  });
});

describe('a failure without an answer', () => {
  const reset = { on: ['reset'] } as const;
  const connect = { on: ['connect-failure'] } as const;

  it.each([
    ['upstream_reset', undefined, true],
    ['upstream_reset', reset, true],
    ['first_byte_timeout', reset, true],
    ['upstream_timeout', reset, true],
    ['upstream_timeout', connect, false],
    ['upstream_reset', connect, false],
    ['connect_failed', connect, true],
    ['connect_failed', reset, false],
    ['draining', { on: [] }, true],
    ['saturated', { on: [] }, true],
    ['request_deadline', undefined, false],
    ['metering_unavailable', reset, false],
  ] as const)('%s with %j: tried again is %s', (reason, rule, isTriedAgain) => {
    const verdict = decideNoAnswer(reason, chances(rule ? { retry: rule } : {}));
    expect(verdict).toEqual(isTriedAgain ? retry(reason) : { verdict: 'refuse', reason });
  });

  it('goes to the fallback for want of health, or by the status that it would be', () => {
    const used = { remaining: 0 };
    const lost = { verdict: 'hand-back', reason: 'connect_failed', isFinal: true, trigger: 'health-failure' };
    const sick = { ...offer, onErrorCodes: [] };
    expect(decideNoAnswer('connect_failed', chances({ ...used, fallbackOffer: sick }))).toEqual(lost);
    const byCode = { onHealthFailure: false, onErrorCodes: [502] };
    expect(decideNoAnswer('connect_failed', chances({ ...used, fallbackOffer: byCode }))).toEqual(lost);
    const other = { onHealthFailure: false, onErrorCodes: [503] };
    expect(decideNoAnswer('connect_failed', chances({ ...used, fallbackOffer: other }))).toEqual({
      verdict: 'refuse',
      reason: 'connect_failed',
    });
  });

  it('past the latency threshold goes to the fallback, attempts left or not', () => {
    expect(decideNoAnswer('first_byte_timeout', chances({ fallbackOffer: offer }), 'threshold')).toEqual({
      verdict: 'hand-back',
      reason: 'first_byte_timeout',
      isFinal: true,
      trigger: 'latency',
    });
  });

  it('past the time for all attempts goes nowhere, whatever is left and offered', () => {
    expect(decideNoAnswer('first_byte_timeout', chances({ fallbackOffer: offer }), 'attempts')).toEqual({
      verdict: 'refuse',
      reason: 'first_byte_timeout',
    });
  });

  it('never asks for a fallback that is not offered, nor for a failure of our own', () => {
    const reasons = fc.constantFrom(...(Object.keys(errorReasons) as ErrorReason[]));
    const lates = fc.constantFrom('threshold' as const, 'timeout' as const, 'call' as const, undefined);
    fc.assert(
      fc.property(reasons, fc.nat(1), lates, (reason, remaining, late) => {
        const verdict = decideNoAnswer(reason, chances({ remaining }), late);
        expect(verdict.verdict === 'hand-back' && (verdict.isFinal || verdict.trigger !== undefined)).toBe(
          false,
        );
      }),
    );
    expect(decideNoAnswer('request_deadline', chances({ remaining: 0, fallbackOffer: offer }))).toEqual({
      verdict: 'refuse',
      reason: 'request_deadline',
    });
  });
});
