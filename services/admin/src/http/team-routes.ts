import { readAdminBody } from '@weir/contracts';
import type { FastifyInstance } from 'fastify';
import { createTeam, deleteTeam, updateTeam } from '../core/change-org.ts';
import { refuse, refuseBody } from '../core/refusal.ts';
import { type TenantView, toOwnerView } from '../core/tenant-view.ts';
import { sendRefusal } from './answer.ts';
import { causeOf, changeTenant, sendFound, type TenantRouteDeps } from './change-tenant.ts';
import { sendPage } from './list.ts';

interface OrgPath {
  Params: { org: string };
}

interface TeamPath {
  Params: { org: string; team: string };
}

export const addTeamRoutes = (app: FastifyInstance, deps: TenantRouteDeps): void => {
  const { directory } = deps.store;
  const viewOf = (org: string, team: string) => (): TenantView => {
    const found = directory.team(org, team);
    return found ? toOwnerView(found) : {};
  };

  app.get<OrgPath>('/orgs/:org/teams', (request, reply) => {
    const { org } = request.params;
    if (!directory.org(org))
      return sendRefusal(reply, refuse('org_not_found', `There is no organisation ${org}.`));
    return sendPage(request, reply, { views: directory.listTeams(org).map(toOwnerView), nameField: 'team' });
  });

  app.post<OrgPath>('/orgs/:org/teams', async (request, reply) => {
    const read = readAdminBody('createTeam', request.body ?? {});
    if (read.outcome === 'invalid') return sendRefusal(reply, refuseBody(read.problems));
    const { org } = request.params;
    const { team } = read.body;
    const found = directory.team(org, team);
    const existing = { org: directory.org(org), team: found };
    const change = createTeam(org, existing, read.body, causeOf(deps, request));
    return changeTenant(deps, { request, reply, found, change, view: viewOf(org, team), status: 201 });
  });

  app.get<TeamPath>('/orgs/:org/teams/:team', (request, reply) => {
    const { org, team } = request.params;
    const found = directory.team(org, team);
    if (!found) return sendRefusal(reply, refuse('team_not_found', `${org} has no team ${team}.`));
    return sendFound(reply, found, toOwnerView(found));
  });

  app.patch<TeamPath>('/orgs/:org/teams/:team', async (request, reply) => {
    const read = readAdminBody('updateTeam', request.body ?? {});
    if (read.outcome === 'invalid') return sendRefusal(reply, refuseBody(read.problems));
    const { org, team } = request.params;
    const found = directory.team(org, team);
    const change = updateTeam(request.params, found, read.body, causeOf(deps, request));
    return changeTenant(deps, { request, reply, found, change, view: viewOf(org, team) });
  });

  app.delete<TeamPath>('/orgs/:org/teams/:team', async (request, reply) => {
    const { org, team } = request.params;
    const found = directory.team(org, team);
    const change = deleteTeam(request.params, found, causeOf(deps, request));
    return changeTenant(deps, { request, reply, found, change, view: viewOf(org, team) });
  });
};
