/**
 * The closed list of error codes. A subset of the gRPC codes; no service may add one of its own.
 * Codes and reasons are public and stable, messages are not.
 */
export const errorCodes = [
  /** The request itself is wrong; sending it again cannot help. */
  'invalid_argument',
  /** No credential, or one that is not known. */
  'unauthenticated',
  /** A known caller without the right to this. */
  'permission_denied',
  /** The model, route or resource does not exist. */
  'not_found',
  /** A limit or a budget of the caller is used up. */
  'resource_exhausted',
  /** The client went away. Seen in logs and metrics only. */
  'canceled',
  /** Time ran out: the request's deadline, or a stage's own time-out. */
  'deadline_exceeded',
  /** Nothing can serve this now; it may work later or elsewhere. */
  'unavailable',
  /** The API exists, this part of it is not offered. */
  'unimplemented',
  /** A bug, a wrong credential of ours, or an upstream that speaks nonsense. */
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

interface ReasonRule {
  /** The code that this reason belongs to. */
  readonly code: ErrorCode;
  /** HTTP status on the OpenAI wire; the Anthropic wire maps it further. */
  readonly status: number;
}

/** Every reason, the code it belongs to and its HTTP status. Each is a label of the error metrics. */
export const errorReasons = {
  bad_body: { code: 'invalid_argument', status: 400 },
  bad_json: { code: 'invalid_argument', status: 400 },
  bad_header: { code: 'invalid_argument', status: 400 },
  missing_model: { code: 'invalid_argument', status: 400 },
  unsupported_parameter: { code: 'invalid_argument', status: 400 },
  unsupported_media_type: { code: 'invalid_argument', status: 415 },
  body_too_large: { code: 'invalid_argument', status: 413 },
  headers_too_large: { code: 'invalid_argument', status: 431 },
  request_timeout: { code: 'invalid_argument', status: 408 },
  missing_key: { code: 'unauthenticated', status: 401 },
  unknown_key: { code: 'unauthenticated', status: 401 },
  expired_key: { code: 'unauthenticated', status: 401 },
  revoked_key: { code: 'unauthenticated', status: 401 },
  model_not_allowed: { code: 'permission_denied', status: 403 },
  route_not_allowed: { code: 'permission_denied', status: 403 },
  no_grant: { code: 'permission_denied', status: 403 },
  model_not_found: { code: 'not_found', status: 404 },
  route_not_found: { code: 'not_found', status: 404 },
  method_not_allowed: { code: 'invalid_argument', status: 405 },
  rate_limit: { code: 'resource_exhausted', status: 429 },
  concurrency_limit: { code: 'resource_exhausted', status: 429 },
  budget_spent: { code: 'resource_exhausted', status: 429 },
  request_exceeds_limit: { code: 'invalid_argument', status: 400 },
  no_price: { code: 'permission_denied', status: 403 },
  limits_unavailable: { code: 'unavailable', status: 503 },
  client_disconnected: { code: 'canceled', status: 499 },
  request_deadline: { code: 'deadline_exceeded', status: 504 },
  queue_full: { code: 'resource_exhausted', status: 429 },
  queue_timeout: { code: 'deadline_exceeded', status: 503 },
  first_byte_timeout: { code: 'deadline_exceeded', status: 504 },
  stream_idle: { code: 'deadline_exceeded', status: 504 },
  upstream_timeout: { code: 'deadline_exceeded', status: 504 },
  saturated: { code: 'unavailable', status: 503 },
  draining: { code: 'unavailable', status: 503 },
  no_policy: { code: 'unavailable', status: 503 },
  no_scheduler: { code: 'unavailable', status: 503 },
  no_healthy_target: { code: 'unavailable', status: 503 },
  no_target: { code: 'unavailable', status: 503 },
  no_config: { code: 'unavailable', status: 503 },
  bus_unavailable: { code: 'unavailable', status: 503 },
  metering_unavailable: { code: 'unavailable', status: 503 },
  adapter_lost: { code: 'unavailable', status: 502 },
  stream_gap: { code: 'unavailable', status: 502 },
  connect_failed: { code: 'unavailable', status: 502 },
  upstream_reset: { code: 'unavailable', status: 502 },
  upstream_truncated: { code: 'unavailable', status: 502 },
  upstream_error: { code: 'unavailable', status: 502 },
  upstream_5xx: { code: 'unavailable', status: 502 },
  upstream_rate_limited: { code: 'unavailable', status: 503 },
  upstream_quota: { code: 'resource_exhausted', status: 429 },
  upstream_credentials: { code: 'internal', status: 502 },
  upstream_malformed: { code: 'internal', status: 502 },
  feature_not_supported: { code: 'unimplemented', status: 501 },
  bug: { code: 'internal', status: 500 },
} as const satisfies Record<string, ReasonRule>;

export type ErrorReason = keyof typeof errorReasons;

export const isErrorReason = (value: unknown): value is ErrorReason =>
  typeof value === 'string' && Object.hasOwn(errorReasons, value);
