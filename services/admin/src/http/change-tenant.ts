import type { TenantRecord } from '@weir/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Cause, Change } from '../core/change.ts';
import { refuse } from '../core/refusal.ts';
import type { TenantView } from '../core/tenant-view.ts';
import type { TenantStore } from '../stores/tenant-store.ts';
import { demandedRevisions, sendRefusal, tagOf } from './answer.ts';

/** What the routes of organisations, teams and keys need. */
export interface TenantRouteDeps {
  readonly store: TenantStore;
  readonly now: () => number;
  /** Name of the credential that a request came with. */
  readonly callerOf: (request: FastifyRequest) => string;
}

export interface ChangeInput<Kept extends TenantRecord> {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** What the change was decided on. Undefined: there was nothing of this name. */
  readonly found: Versioned | undefined;
  readonly change: Change<Kept>;
  /** What there is under the name now. */
  readonly view: () => TenantView;
  /** Told once, in this answer alone. */
  readonly secret?: string;
  readonly status?: number;
}

/** 0: of the configuration file. */
interface Versioned {
  readonly revision: number;
}

export const causeOf = (deps: TenantRouteDeps, request: FastifyRequest): Cause => ({
  by: deps.callerOf(request),
  at: deps.now(),
  request: request.id,
});

export const sendFound = (reply: FastifyReply, { revision }: Versioned, view: TenantView): FastifyReply => {
  if (revision > 0) reply.header('etag', tagOf(revision));
  return reply.send(view);
};

/** Writes what was decided, if nobody has changed it meanwhile and the caller's condition holds, and answers. */
export const changeTenant = async <Kept extends TenantRecord>(
  deps: TenantRouteDeps,
  { request, reply, found, change, view, secret, status = 200 }: ChangeInput<Kept>,
): Promise<FastifyReply> => {
  if (change.outcome === 'refused') return sendRefusal(reply, change);
  const revision = found?.revision ?? 0;
  const demanded = demandedRevisions(request);
  const stale = refuse('stale_revision', 'It has changed since you read it: read it again.', 'if-match');
  if (demanded !== 'any' && !demanded.includes(tagOf(revision))) return sendRefusal(reply, stale);
  if (change.outcome === 'unchanged') return sendFound(reply, { revision }, view());
  const written = await deps.store.put(change.record, revision);
  if (written.outcome === 'busy') return sendRefusal(reply, refuse('not_ready', written.why));
  if (written.outcome === 'lost_race') {
    if (demanded !== 'any') return sendRefusal(reply, stale);
    return sendRefusal(reply, refuse('lost_race', 'Somebody else changed it at the same moment: try again.'));
  }
  reply.code(status).header('etag', tagOf(written.revision));
  return reply.send({ ...view(), ...(secret === undefined ? {} : { secret }) });
};
