import type { errorReasons } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideResponse, isRetryable, type ResponseVerdict } from './decide-response.ts';

const last = { remaining: 0, alternatives: 2 };
const sameTarget = { remaining: 1, alternatives: 0 };
const elsewhere = { remaining: 1, alternatives: 1 };

const relay: ResponseVerdict = { verdict: 'relay' };
const retry = (reason: keyof typeof errorReasons): ResponseVerdict => ({ verdict: 'retry', reason });
const refuse: ResponseVerdict = { verdict: 'refuse', reason: 'upstream_credentials' };

describe('an answer', () => {
  it.each([200, 201, 204, 301, 400, 404, 405, 409, 413, 415, 422, 499, 501])('of %i is relayed', (status) => {
    for (const chances of [last, sameTarget, elsewhere]) {
      expect(decideResponse({ status, ...chances })).toEqual(relay);
    }
  });

  it.each([401, 403])(
    'of %i is about our credential: elsewhere it may hold, the client is never told',
    (status) => {
      expect(decideResponse({ status, ...last })).toEqual(refuse);
      expect(decideResponse({ status, ...sameTarget })).toEqual(refuse);
      expect(decideResponse({ status, ...elsewhere })).toEqual(retry('upstream_credentials'));
    },
  );

  it.each([429, 529])('of %i is worth another attempt only at another target', (status) => {
    expect(decideResponse({ status, ...last })).toEqual(relay);
    expect(decideResponse({ status, ...sameTarget })).toEqual(relay);
    expect(decideResponse({ status, ...elsewhere })).toEqual(retry('upstream_rate_limited'));
  });

  it.each([408, 500, 502, 503, 504, 599])(
    'of %i is worth another attempt, also at the same target',
    (status) => {
      expect(decideResponse({ status, ...last })).toEqual(relay);
      expect(decideResponse({ status, ...sameTarget })).toEqual(retry('upstream_5xx'));
      expect(decideResponse({ status, ...elsewhere })).toEqual(retry('upstream_5xx'));
    },
  );
});

it('without a remaining try nothing is ever tried again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 999 }), fc.nat(9), (status, alternatives) => {
      expect(decideResponse({ status, remaining: 0, alternatives }).verdict).not.toBe('retry');
    }),
  );
});

describe('a failure without an answer', () => {
  it.each(['connect_failed', 'upstream_reset', 'first_byte_timeout', 'saturated', 'draining'] as const)(
    '%s may go better the next time',
    (reason) => expect(isRetryable(reason)).toBe(true),
  );

  it.each(['request_deadline', 'client_disconnected', 'metering_unavailable', 'no_grant', 'bug'] as const)(
    '%s will not',
    (reason) => expect(isRetryable(reason)).toBe(false),
  );
});
