import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorCodes, errorReasons, isErrorReason } from './error-code.ts';
import { fromWireError, WeirError } from './weir-error.ts';

describe('the list of reasons', () => {
  test('uses each code, and no other', () => {
    const used = new Set(Object.values(errorReasons).map(({ code }) => code));
    expect(used).toEqual(new Set(errorCodes));
  });

  test('has an HTTP error status for each', () => {
    for (const { status } of Object.values(errorReasons)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
    }
  });

  test('never blames the client for a failure of ours', () => {
    for (const { code, status } of Object.values(errorReasons)) {
      const isOurs = code === 'internal' || code === 'unavailable' || code === 'deadline_exceeded';
      expect(status >= 500).toBe(isOurs || code === 'unimplemented');
    }
  });

  test.each(['toString', 'constructor', '__proto__', '', 1, null, undefined])('does not have %j', (value) => {
    expect(isErrorReason(value)).toBe(false);
  });
});

describe('WeirError', () => {
  test('takes code and status from its reason', () => {
    const error = new WeirError({ reason: 'budget_spent', message: 'Nothing is left.' });
    expect(error).toMatchObject({ code: 'resource_exhausted', status: 429, message: 'Nothing is left.' });
    expect(error.name).toBe('WeirError');
  });

  test('comes out of the funnel as it went in', () => {
    const error = new WeirError({ reason: 'saturated', message: 'Busy.' });
    expect(WeirError.from(error)).toBe(error);
  });

  test('stands for anything else that was thrown, and says nothing of it', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const error = WeirError.from(thrown);
        expect(error).toMatchObject({ code: 'internal', reason: 'bug', status: 500 });
        expect(error.wire).toEqual({ reason: 'bug', message: 'The gateway failed to handle this request.' });
        expect(error.cause).toBe(thrown);
      }),
    );
  });
});

describe('an error off the wire', () => {
  test('is what was sent', () => {
    const sent = { reason: 'rate_limit', message: 'Slow down.', retryAfterMs: 1_000, shouldRetry: true };
    expect(fromWireError(JSON.parse(JSON.stringify(sent)))).toEqual(sent);
  });

  test.each([
    ['nothing', undefined],
    ['text', 'rate_limit'],
    ['no message', { reason: 'rate_limit' }],
    ['a message that is no text', { reason: 'rate_limit', message: 1 }],
    ['a reason of the future', { reason: 'full_moon', message: 'Wait.' }],
    ['a name that every object has', { reason: 'toString', message: 'x' }],
  ])('is a bug when it is %s', (_what, value) => {
    expect(fromWireError(value)).toEqual({
      reason: 'bug',
      message: 'A service sent an error that could not be read.',
    });
  });

  test('is always one that can be thrown', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(new WeirError(fromWireError(value)).status).toBeGreaterThanOrEqual(400);
      }),
    );
  });
});
