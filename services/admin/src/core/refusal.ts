import { type ConfigProblem, type ErrorCode, renderProblem } from '@weir/contracts';

/** Those of the mesh, and what gRPC calls the ways in which a change can come too late. */
type AdminCode = ErrorCode | 'already_exists' | 'failed_precondition' | 'aborted';

interface AdminReasonRule {
  readonly code: AdminCode;
  readonly status: number;
}

/** Every reason of the admin API. Reasons are stable, messages are not. */
export const adminReasons = {
  bad_request: { code: 'invalid_argument', status: 400 },
  bad_json: { code: 'invalid_argument', status: 400 },
  body_too_large: { code: 'invalid_argument', status: 413 },
  unsupported_media_type: { code: 'invalid_argument', status: 415 },
  invalid_body: { code: 'invalid_argument', status: 422 },
  invalid_query: { code: 'invalid_argument', status: 422 },
  missing_credential: { code: 'unauthenticated', status: 401 },
  unknown_credential: { code: 'unauthenticated', status: 401 },
  read_only: { code: 'permission_denied', status: 403 },
  path_not_found: { code: 'not_found', status: 404 },
  org_not_found: { code: 'not_found', status: 404 },
  team_not_found: { code: 'not_found', status: 404 },
  key_not_found: { code: 'not_found', status: 404 },
  book_not_found: { code: 'not_found', status: 404 },
  canary_not_found: { code: 'not_found', status: 404 },
  request_not_found: { code: 'not_found', status: 404 },
  already_exists: { code: 'already_exists', status: 409 },
  managed_by_file: { code: 'failed_precondition', status: 409 },
  is_deleted: { code: 'failed_precondition', status: 409 },
  is_revoked: { code: 'failed_precondition', status: 409 },
  too_many_secrets: { code: 'failed_precondition', status: 409 },
  lost_race: { code: 'aborted', status: 409 },
  // RFC 9110 section 13.1.1.
  stale_revision: { code: 'aborted', status: 412 },
  not_ready: { code: 'unavailable', status: 503 },
  no_policy: { code: 'unavailable', status: 503 },
  no_scheduler: { code: 'unavailable', status: 503 },
  bug: { code: 'internal', status: 500 },
} as const satisfies Record<string, AdminReasonRule>;

export type AdminReason = keyof typeof adminReasons;

/** What a caller did wrong, or what is missing to serve it. */
export interface Refusal {
  readonly outcome: 'refused';
  readonly reason: AdminReason;
  /** What was wrong, and what would be right. */
  readonly message: string;
  /** The field or parameter at fault. Absent when no one is. */
  readonly param?: string;
}

export const refuse = (reason: AdminReason, message: string, param?: string): Refusal => ({
  outcome: 'refused',
  reason,
  message,
  ...(param === undefined ? {} : { param }),
});

const lineOf = (problem: ConfigProblem): string =>
  problem.path === '' ? renderProblem({ ...problem, path: 'the body' }) : renderProblem(problem);

/** All that is wrong with a body, in one message. */
export const refuseBody = (problems: readonly ConfigProblem[]): Refusal =>
  refuse('invalid_body', problems.map(lineOf).join('; '), problems[0]?.path || undefined);
