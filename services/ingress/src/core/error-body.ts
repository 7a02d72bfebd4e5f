import { type Api, type ErrorCode, errorReasons, type WireError } from '@weir/contracts';

/** The shapes in which clients expect errors. */
export type Wire = 'openai' | 'anthropic';

export const wireOf = (api: Api): Wire => (api.startsWith('anthropic.') ? 'anthropic' : 'openai');

/** Before a route is known, the client's own path and headers tell which errors it understands. */
export const wireOfHead = (path: string, headers: Readonly<Record<string, unknown>>): Wire =>
  path.includes('/messages') || headers['anthropic-version'] !== undefined ? 'anthropic' : 'openai';

const openaiTypes: Readonly<Record<ErrorCode, string>> = {
  invalid_argument: 'invalid_request_error',
  unauthenticated: 'authentication_error',
  permission_denied: 'permission_error',
  not_found: 'invalid_request_error',
  resource_exhausted: 'rate_limit_error',
  canceled: 'invalid_request_error',
  deadline_exceeded: 'timeout_error',
  unavailable: 'service_unavailable_error',
  unimplemented: 'invalid_request_error',
  internal: 'server_error',
};

/** What the official clients know, where it differs from our reason. */
const openaiCodes: Readonly<Record<string, string>> = {
  missing_key: 'invalid_api_key',
  unknown_key: 'invalid_api_key',
  expired_key: 'invalid_api_key',
  rate_limit: 'rate_limit_exceeded',
  budget_spent: 'insufficient_quota',
};

const anthropicTypes: readonly (readonly [status: number, type: string])[] = [
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
];

/** HTTP status of an error on a wire. Anthropic has its own for overload. */
export const statusOf = (error: WireError, wire: Wire): number => {
  const { status } = errorReasons[error.reason];
  const overloaded = error.reason === 'saturated' || error.reason === 'upstream_rate_limited';
  return wire === 'anthropic' && overloaded ? 529 : status;
};

const anthropicType = (status: number): string => {
  const known = anthropicTypes.find(([candidate]) => candidate === status);
  return known?.[1] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
};

/** The error as JSON text, in the shape of the API that was called. */
export const toErrorBody = (error: WireError, wire: Wire, requestId: string): string => {
  if (wire === 'anthropic') {
    const type = anthropicType(statusOf(error, wire));
    return JSON.stringify({ type: 'error', error: { type, message: error.message }, request_id: requestId });
  }
  const { code } = errorReasons[error.reason];
  return JSON.stringify({
    error: {
      message: error.message,
      type: openaiTypes[code],
      param: error.param ?? null,
      code: openaiCodes[error.reason] ?? error.reason,
    },
  });
};

/**
 * Longer than this, the official clients either sleep blindly or give up (reference/wire §1.7). A spent budget says
 * when it starts anew, with `x-should-retry: false` beside it.
 */
const maxRetryAfterSeconds = 60;

/** Headers of an error: what the mesh says of limits, and whether and when to try again. */
export const toErrorHeaders = (error: WireError): [string, string][] => {
  const headers: [string, string][] = (error.headers ?? []).map(([name, value]) => [name, value]);
  if (error.retryAfterMs !== undefined) {
    const exact = Math.max(1, Math.ceil(error.retryAfterMs / 1_000));
    const seconds = error.reason === 'budget_spent' ? exact : Math.min(maxRetryAfterSeconds, exact);
    headers.push(['retry-after', String(seconds)]);
  }
  if (error.shouldRetry !== undefined) headers.push(['x-should-retry', String(error.shouldRetry)]);
  return headers;
};
