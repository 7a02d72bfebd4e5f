import type { AdminBody, OrgRecord, TeamRecord } from '@weir/contracts';
import { type ListedOrg, type ListedTeam, noTeam } from '@weir/limits';
import {
  type Cause,
  type Change,
  noRules,
  refuseOwner,
  refuseTaken,
  toChangeable,
  withField,
} from './change.ts';
import { refuse } from './refusal.ts';

export const createOrg = (
  found: ListedOrg | undefined,
  body: AdminBody<'createOrg'>,
  cause: Cause,
): Change<OrgRecord> => {
  if (found) return refuseTaken(`The organisation ${body.org}`, found);
  const record: OrgRecord = { ...noRules, ...body, kind: 'org', change: { ...cause, action: 'created' } };
  return { outcome: 'changed', record };
};

export const createTeam = (
  org: string,
  found: { readonly org: ListedOrg | undefined; readonly team: ListedTeam | undefined },
  body: AdminBody<'createTeam'>,
  cause: Cause,
): Change<TeamRecord> => {
  const refusal = refuseOwner(org, found.org, noTeam, undefined);
  if (refusal) return refusal;
  if (found.team) return refuseTaken(`The team ${body.team} of ${org}`, found.team);
  const record: TeamRecord = {
    ...noRules,
    ...body,
    kind: 'team',
    org,
    change: { ...cause, action: 'created' },
  };
  return { outcome: 'changed', record };
};

export const updateOrg = (
  org: string,
  found: ListedOrg | undefined,
  body: AdminBody<'updateOrg'>,
  cause: Cause,
): Change<OrgRecord> => {
  const changeable = toChangeable(`organisation ${org}`, 'org_not_found', found);
  if (changeable.outcome === 'refused') return changeable;
  const { tier, ...rest } = changeable.current;
  if (rest.deletedAt !== undefined) return refuse('is_deleted', `The organisation ${org} is deleted.`);
  const { tier: changedTier, ...rules } = body;
  const change = { ...cause, action: 'updated' as const };
  return {
    outcome: 'changed',
    record: { ...rest, ...rules, ...withField('tier', changedTier, tier), change },
  };
};

export const updateTeam = (
  place: { readonly org: string; readonly team: string },
  found: ListedTeam | undefined,
  body: AdminBody<'updateTeam'>,
  cause: Cause,
): Change<TeamRecord> => {
  const what = `team ${place.team} of ${place.org}`;
  const changeable = toChangeable(what, 'team_not_found', found);
  if (changeable.outcome === 'refused') return changeable;
  const { current } = changeable;
  if (current.deletedAt !== undefined) return refuse('is_deleted', `The ${what} is deleted.`);
  return { outcome: 'changed', record: { ...current, ...body, change: { ...cause, action: 'updated' } } };
};

/** Keys of something that is deleted are refused from then on; they need not be revoked one by one. */
export const deleteOrg = (org: string, found: ListedOrg | undefined, cause: Cause): Change<OrgRecord> => {
  const changeable = toChangeable(`organisation ${org}`, 'org_not_found', found);
  if (changeable.outcome === 'refused') return changeable;
  if (changeable.current.deletedAt !== undefined) return { outcome: 'unchanged' };
  const change = { ...cause, action: 'deleted' as const };
  return { outcome: 'changed', record: { ...changeable.current, deletedAt: cause.at, change } };
};

export const deleteTeam = (
  place: { readonly org: string; readonly team: string },
  found: ListedTeam | undefined,
  cause: Cause,
): Change<TeamRecord> => {
  const changeable = toChangeable(`team ${place.team} of ${place.org}`, 'team_not_found', found);
  if (changeable.outcome === 'refused') return changeable;
  if (changeable.current.deletedAt !== undefined) return { outcome: 'unchanged' };
  const change = { ...cause, action: 'deleted' as const };
  return { outcome: 'changed', record: { ...changeable.current, deletedAt: cause.at, change } };
};
