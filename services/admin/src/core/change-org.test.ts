import type { OrgRecord } from '@weir/contracts';
import type { ListedOrg } from '@weir/limits';
import { expect, test } from 'vitest';
import { createOrg, createTeam, deleteOrg, updateOrg, updateTeam } from './change-org.ts';

const cause = { by: 'root', at: 1_000, request: 'r1' };

const created = (): OrgRecord => {
  const change = createOrg(undefined, { org: 'acme', tier: 'gold' }, cause);
  if (change.outcome !== 'changed') throw new Error(JSON.stringify(change));
  return change.record;
};

const listed = (record: OrgRecord): ListedOrg => ({ ...record, source: 'runtime', revision: 3 });

test('an organisation is created once', () => {
  expect(created()).toMatchObject({ kind: 'org', org: 'acme', tier: 'gold', change: { action: 'created' } });
  expect(createOrg(listed(created()), { org: 'acme' }, cause)).toMatchObject({ reason: 'already_exists' });
});

test('nothing of how it is kept comes into a record that is changed', () => {
  const change = updateOrg('acme', listed(created()), { models: ['a'] }, cause);
  if (change.outcome !== 'changed') throw new Error('refused');
  expect(change.record).not.toHaveProperty('source');
  expect(change.record).not.toHaveProperty('revision');
  expect(change.record).toMatchObject({ tier: 'gold', models: ['a'] });
});

test('one that is deleted is changed no more, takes no team, and is deleted once', () => {
  const gone = listed({ ...created(), deletedAt: 5 });
  expect(updateOrg('acme', gone, {}, cause)).toMatchObject({ reason: 'is_deleted' });
  expect(createTeam('acme', { org: gone, team: undefined }, { team: 'web' }, cause)).toMatchObject({
    reason: 'is_deleted',
  });
  expect(deleteOrg('acme', gone, cause)).toEqual({ outcome: 'unchanged' });
});

test('what is not there is not found', () => {
  expect(updateOrg('acme', undefined, {}, cause)).toMatchObject({ reason: 'org_not_found' });
  expect(updateTeam({ org: 'acme', team: 'web' }, undefined, {}, cause)).toMatchObject({
    reason: 'team_not_found',
  });
});
