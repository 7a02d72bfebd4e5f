import type { EnvelopeMeta } from './envelope.ts';
import { type ErrorCode, type ErrorReason, errorReasons, isErrorReason } from './error-code.ts';

/** An error as it travels in an `error` frame. */
export interface WireError {
  /** Stable reason; it decides code and status. */
  readonly reason: ErrorReason;
  /** For people. Says what was wrong, where, and what would be right. Never a credential, never a prompt. */
  readonly message: string;
  /** The request field at fault, as a path such as `messages[3].content`. Absent when no one field is. */
  readonly param?: string;
  /** Milliseconds after which another try may succeed. Absent when unknown. */
  readonly retryAfterMs?: number;
  /** False when a client's own retry cannot help. Absent leaves it to the client. */
  readonly shouldRetry?: boolean;
  /**
   * True when no attempt has begun, so that the ingress may submit the same envelope once more
   * without asking the client.
   */
  readonly resubmit?: boolean;
  /** Headers of the answer, such as what is left of a limit. Lower-case names; not those that Weir sets itself. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** The one error class. `cause` is for logs and never leaves the process. */
export class WeirError extends Error {
  override readonly name = 'WeirError';
  readonly code: ErrorCode;
  readonly reason: ErrorReason;
  readonly wire: WireError;

  constructor(wire: WireError, options?: { cause?: unknown }) {
    super(wire.message, options);
    this.wire = wire;
    this.reason = wire.reason;
    this.code = errorReasons[wire.reason].code;
  }

  /** HTTP status on the OpenAI wire. */
  get status(): number {
    return errorReasons[this.reason].status;
  }

  /** The single funnel for caught values: a WeirError as it is, anything else as `internal / bug`. */
  static from(value: unknown): WeirError {
    if (value instanceof WeirError) return value;
    return new WeirError(
      { reason: 'bug', message: 'The gateway failed to handle this request.' },
      { cause: value },
    );
  }
}

/** The error with the headers that policy decided for the answer, if the request got so far. */
export const withAnswerHeaders = (
  { answerHeaders }: Pick<EnvelopeMeta, 'answerHeaders'>,
  error: WireError,
): WireError => (answerHeaders === undefined ? error : { ...error, headers: answerHeaders });

/** Reads an error off the wire. A malformed one becomes `internal / bug`, never half an error. */
export const fromWireError = (value: unknown): WireError => {
  if (typeof value === 'object' && value !== null && 'reason' in value && 'message' in value) {
    const candidate = value as WireError;
    if (isErrorReason(candidate.reason) && typeof candidate.message === 'string') return candidate;
  }
  return { reason: 'bug', message: 'A service sent an error that could not be read.' };
};
