import type { ErrorReason } from '@weir/contracts';
import { errors } from 'undici';
import { BodyLostError } from './request-body.ts';

const connectCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';

/** Why a call failed, from what undici threw. */
export const classifyFailure = (error: unknown): ErrorReason => {
  if (error instanceof BodyLostError) return 'bus_unavailable';
  if (error instanceof errors.HeadersTimeoutError) return 'first_byte_timeout';
  if (error instanceof errors.BodyTimeoutError) return 'stream_idle';
  if (error instanceof errors.ResponseContentLengthMismatchError) return 'upstream_truncated';
  if (error instanceof errors.HTTPParserError) return 'upstream_malformed';
  if (error instanceof AggregateError) return 'connect_failed';
  return connectCodes.has(codeOf(error)) ? 'connect_failed' : 'upstream_reset';
};
