import { createHash, randomBytes } from 'node:crypto';
import { readAdminBody } from '@weir/contracts';
import { type ListedKey, noTeam } from '@weir/limits';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Cause } from '../core/change.ts';
import { createKey, revokeKey, rotateKey, updateKey } from '../core/change-key.ts';
import { refuse, refuseBody } from '../core/refusal.ts';
import { type TenantView, toKeyView } from '../core/tenant-view.ts';
import { queryOf, sendRefusal } from './answer.ts';
import { causeOf, changeTenant, sendFound, type TenantRouteDeps } from './change-tenant.ts';
import { sendPage } from './list.ts';

interface OrgPath {
  Params: { org: string };
}

interface KeyPath {
  Params: { org: string; id: string };
}

const secretBytes = 32;

const drawSecret = (): { readonly secret: string; readonly sha256: string } => {
  const secret = `weir-${randomBytes(secretBytes).toString('base64url')}`;
  return { secret, sha256: createHash('sha256').update(secret).digest('hex') };
};

const addKeyReads = (app: FastifyInstance, deps: TenantRouteDeps): void => {
  const { directory } = deps.store;
  const toView = (listed: ListedKey): TenantView => toKeyView(listed, deps.now());

  app.get<OrgPath>('/orgs/:org/keys', (request, reply) => {
    const { org } = request.params;
    const { team } = queryOf(request);
    if (!directory.org(org))
      return sendRefusal(reply, refuse('org_not_found', `There is no organisation ${org}.`));
    const keys = directory.listKeys(org).filter((key) => team === undefined || key.team === team);
    return sendPage(request, reply, { views: keys.map(toView), nameField: 'id' });
  });

  app.get<KeyPath>('/orgs/:org/keys/:id', (request, reply) => {
    const { org, id } = request.params;
    const found = directory.key(org, id);
    if (!found) return sendRefusal(reply, refuse('key_not_found', `${org} has no key ${id}.`));
    return sendFound(reply, found, toView(found));
  });
};

export const addKeyRoutes = (app: FastifyInstance, deps: TenantRouteDeps): void => {
  const { directory } = deps.store;
  const viewOf = (org: string, id: string) => (): TenantView => {
    const found = directory.key(org, id);
    return found ? toKeyView(found, deps.now()) : {};
  };
  addKeyReads(app, deps);

  app.post<OrgPath>('/orgs/:org/keys', async (request, reply) => {
    const read = readAdminBody('createKey', request.body ?? {});
    if (read.outcome === 'invalid') return sendRefusal(reply, refuseBody(read.problems));
    const { org } = request.params;
    const { id, team = noTeam } = read.body;
    const found = directory.key(org, id);
    const existing = { org: directory.org(org), team: directory.team(org, team), key: found };
    const { secret, sha256 } = drawSecret();
    const change = createKey(org, existing, read.body, sha256, causeOf(deps, request));
    return changeTenant(deps, { request, reply, found, change, view: viewOf(org, id), secret, status: 201 });
  });

  app.patch<KeyPath>('/orgs/:org/keys/:id', async (request, reply) => {
    const read = readAdminBody('updateKey', request.body ?? {});
    if (read.outcome === 'invalid') return sendRefusal(reply, refuseBody(read.problems));
    const { org, id } = request.params;
    const found = directory.key(org, id);
    const change = updateKey(request.params, found, read.body, causeOf(deps, request));
    return changeTenant(deps, { request, reply, found, change, view: viewOf(org, id) });
  });

  app.post<KeyPath>('/orgs/:org/keys/:id/rotate', async (request, reply) => {
    const read = readAdminBody('rotateKey', request.body ?? {});
    if (read.outcome === 'invalid') return sendRefusal(reply, refuseBody(read.problems));
    const { org, id } = request.params;
    const { secret, sha256 } = drawSecret();
    const found = directory.key(org, id);
    const input = { overlapMs: read.body.overlapMs, sha256 };
    const change = rotateKey(request.params, found, input, causeOf(deps, request));
    return changeTenant(deps, { request, reply, found, change, view: viewOf(org, id), secret });
  });

  const revoke = ({ org, id }: KeyPath['Params'], cause: Cause) => {
    const found = directory.key(org, id);
    return { found, change: revokeKey({ org, id }, found, cause), view: viewOf(org, id) };
  };
  app.post<KeyPath>(
    '/orgs/:org/keys/:id/revoke',
    (request, reply): Promise<FastifyReply> =>
      changeTenant(deps, { request, reply, ...revoke(request.params, causeOf(deps, request)) }),
  );
  app.delete<KeyPath>(
    '/orgs/:org/keys/:id',
    (request, reply): Promise<FastifyReply> =>
      changeTenant(deps, { request, reply, ...revoke(request.params, causeOf(deps, request)) }),
  );
};
