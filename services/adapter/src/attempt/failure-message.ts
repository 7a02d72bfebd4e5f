import type { Attempt, ErrorReason, WireError } from '@weir/contracts';

const messages: Partial<Record<ErrorReason, string>> = {
  connect_failed: 'The upstream could not be reached.',
  upstream_reset: 'The upstream closed the connection before its answer was complete.',
  upstream_truncated: 'The upstream ended its answer before it was complete.',
  upstream_malformed: 'The upstream sent an answer that cannot be read.',
  upstream_credentials: 'The upstream refused the credentials of the gateway.',
  first_byte_timeout: 'The upstream did not begin its answer in time.',
  stream_idle: 'The upstream stopped sending in the middle of its answer.',
  upstream_timeout: 'The upstream took too long for its answer.',
  request_deadline: 'The request ran out of time.',
  metering_unavailable: 'The request could not be recorded for billing.',
  bus_unavailable: 'The request body could not be delivered to the adapter.',
  draining: 'The adapter that served the request is shutting down.',
};

/** What the client is told. */
export const failureMessage = (reason: ErrorReason): string => messages[reason] ?? 'The request failed.';

/** `isUntouched`: the client has no byte of an answer. After attempts of our own, its own would only multiply them. */
export const toClientError = (
  reason: ErrorReason,
  { number }: Pick<Attempt, 'number'>,
  isUntouched: boolean,
): WireError => {
  const mayRetry = isUntouched && number === 1 && reason !== 'upstream_credentials';
  return { reason, message: failureMessage(reason), ...(mayRetry ? {} : { shouldRetry: false }) };
};
