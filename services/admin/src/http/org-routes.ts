import { readAdminBody } from '@weir/contracts';
import type { FastifyInstance } from 'fastify';
import { createOrg, deleteOrg, updateOrg } from '../core/change-org.ts';
import { refuse, refuseBody } from '../core/refusal.ts';
import { type TenantView, toOwnerView } from '../core/tenant-view.ts';
import { sendRefusal } from './answer.ts';
import { causeOf, changeTenant, sendFound, type TenantRouteDeps } from './change-tenant.ts';
import { sendPage } from './list.ts';

interface OrgPath {
  Params: { org: string };
}

export const addOrgRoutes = (app: FastifyInstance, deps: TenantRouteDeps): void => {
  const { directory } = deps.store;
  const viewOf = (org: string) => (): TenantView => {
    const found = directory.org(org);
    return found ? toOwnerView(found) : {};
  };

  app.get('/orgs', (request, reply) =>
    sendPage(request, reply, { views: directory.listOrgs().map(toOwnerView), nameField: 'org' }),
  );

  app.post('/orgs', async (request, reply) => {
    const read = readAdminBody('createOrg', request.body ?? {});
    if (read.outcome === 'invalid') return sendRefusal(reply, refuseBody(read.problems));
    const { org } = read.body;
    const found = directory.org(org);
    const change = createOrg(found, read.body, causeOf(deps, request));
    return changeTenant(deps, { request, reply, found, change, view: viewOf(org), status: 201 });
  });

  app.get<OrgPath>('/orgs/:org', (request, reply) => {
    const { org } = request.params;
    const found = directory.org(org);
    if (!found) return sendRefusal(reply, refuse('org_not_found', `There is no organisation ${org}.`));
    return sendFound(reply, found, toOwnerView(found));
  });

  app.patch<OrgPath>('/orgs/:org', async (request, reply) => {
    const read = readAdminBody('updateOrg', request.body ?? {});
    if (read.outcome === 'invalid') return sendRefusal(reply, refuseBody(read.problems));
    const { org } = request.params;
    const found = directory.org(org);
    const change = updateOrg(org, found, read.body, causeOf(deps, request));
    return changeTenant(deps, { request, reply, found, change, view: viewOf(org) });
  });

  app.delete<OrgPath>('/orgs/:org', async (request, reply) => {
    const { org } = request.params;
    const found = directory.org(org);
    const change = deleteOrg(org, found, causeOf(deps, request));
    return changeTenant(deps, { request, reply, found, change, view: viewOf(org) });
  });
};
