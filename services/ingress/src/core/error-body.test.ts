import { type Api, type ErrorReason, errorReasons, type WireError } from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import { statusOf, toErrorBody, toErrorHeaders, wireOf } from './error-body.ts';

const error = (reason: ErrorReason, more: Partial<WireError> = {}): WireError => ({
  reason,
  message: 'what was wrong',
  ...more,
});
const openai = (reason: ErrorReason) => JSON.parse(toErrorBody(error(reason), 'openai', 'r1')).error;
const anthropic = (reason: ErrorReason) => JSON.parse(toErrorBody(error(reason), 'anthropic', 'r1')).error;

it.each<[Api, string]>([
  ['openai.chat', 'openai'],
  ['openai.responses', 'openai'],
  ['generic', 'openai'],
  ['anthropic.messages', 'anthropic'],
  ['anthropic.count_tokens', 'anthropic'],
])('errors of %s have the shape of %s', (api, wire) => {
  expect(wireOf(api)).toBe(wire);
});

describe('on the OpenAI wire', () => {
  it('an error has a message, a type, the field at fault or null, and a code', () => {
    const body = toErrorBody(error('missing_model', { param: 'model' }), 'openai', 'r1');
    expect(JSON.parse(body)).toEqual({
      error: {
        message: 'what was wrong',
        type: 'invalid_request_error',
        param: 'model',
        code: 'missing_model',
      },
    });
    expect(openai('bug').param).toBeNull();
  });

  it.each<[ErrorReason, number, string, string]>([
    ['bad_json', 400, 'invalid_request_error', 'bad_json'],
    ['unknown_key', 401, 'authentication_error', 'invalid_api_key'],
    ['missing_key', 401, 'authentication_error', 'invalid_api_key'],
    ['model_not_allowed', 403, 'permission_error', 'model_not_allowed'],
    ['model_not_found', 404, 'invalid_request_error', 'model_not_found'],
    ['body_too_large', 413, 'invalid_request_error', 'body_too_large'],
    ['rate_limit', 429, 'rate_limit_error', 'rate_limit_exceeded'],
    ['budget_spent', 429, 'rate_limit_error', 'insufficient_quota'],
    ['bug', 500, 'server_error', 'bug'],
    ['adapter_lost', 502, 'service_unavailable_error', 'adapter_lost'],
    ['saturated', 503, 'service_unavailable_error', 'saturated'],
    ['request_deadline', 504, 'timeout_error', 'request_deadline'],
  ])('%s is a %i, type %s, code %s', (reason, status, type, code) => {
    expect(statusOf(error(reason), 'openai')).toBe(status);
    expect(openai(reason)).toMatchObject({ type, code });
  });
});

describe('on the Anthropic wire', () => {
  it('an error names the request', () => {
    expect(JSON.parse(toErrorBody(error('rate_limit'), 'anthropic', 'r1'))).toEqual({
      type: 'error',
      error: { type: 'rate_limit_error', message: 'what was wrong' },
      request_id: 'r1',
    });
  });

  it.each<[ErrorReason, number, string]>([
    ['bad_json', 400, 'invalid_request_error'],
    ['unknown_key', 401, 'authentication_error'],
    ['model_not_allowed', 403, 'permission_error'],
    ['model_not_found', 404, 'not_found_error'],
    ['method_not_allowed', 405, 'invalid_request_error'],
    ['body_too_large', 413, 'request_too_large'],
    ['budget_spent', 429, 'rate_limit_error'],
    ['bug', 500, 'api_error'],
    ['no_target', 503, 'api_error'],
    ['request_deadline', 504, 'timeout_error'],
    ['saturated', 529, 'overloaded_error'],
    ['upstream_rate_limited', 529, 'overloaded_error'],
  ])('%s is a %i, type %s', (reason, status, type) => {
    expect(statusOf(error(reason), 'anthropic')).toBe(status);
    expect(anthropic(reason).type).toBe(type);
  });

  it('every reason has a type that the official client knows', () => {
    const types = Object.keys(errorReasons).map((reason) => anthropic(reason as ErrorReason).type);
    expect([...new Set(types)].toSorted()).toEqual([
      'api_error',
      'authentication_error',
      'invalid_request_error',
      'not_found_error',
      'overloaded_error',
      'permission_error',
      'rate_limit_error',
      'request_too_large',
      'timeout_error',
    ]);
  });
});

describe('the headers about trying again', () => {
  it.each([
    [0, '1'],
    [1, '1'],
    [1_000, '1'],
    [1_001, '2'],
    [60_000, '60'],
    // Above a minute the official clients sleep blindly, or give up.
    [3_600_000, '60'],
  ])('after %i ms is retry-after %s', (retryAfterMs, seconds) => {
    expect(toErrorHeaders(error('rate_limit', { retryAfterMs }))).toEqual([['retry-after', seconds]]);
  });

  it('tell all of the time until a spent budget starts anew', () => {
    expect(toErrorHeaders(error('budget_spent', { retryAfterMs: 3_600_000, shouldRetry: false }))).toEqual([
      ['retry-after', '3600'],
      ['x-should-retry', 'false'],
    ]);
  });

  it('are absent when nothing is known', () => {
    expect(toErrorHeaders(error('rate_limit'))).toEqual([]);
  });

  it('begin with what the mesh says of limits', () => {
    const headers = [['x-budget-remaining', '0']] as const;
    expect(toErrorHeaders(error('budget_spent', { headers, shouldRetry: false }))).toEqual([
      ['x-budget-remaining', '0'],
      ['x-should-retry', 'false'],
    ]);
  });

  it('say when a retry cannot help, and when it can', () => {
    expect(toErrorHeaders(error('budget_spent', { shouldRetry: false }))).toEqual([
      ['x-should-retry', 'false'],
    ]);
    expect(toErrorHeaders(error('saturated', { shouldRetry: true }))).toEqual([['x-should-retry', 'true']]);
  });
});
