import type { OrgRecord, RecordChange, TenantRecord } from '@weir/contracts';
import { type ListedKey, type ListedOrg, type ListedTeam, noTeam } from '@weir/limits';
import { type Refusal, refuse } from './refusal.ts';

/** Who changes something, and when; the decision says what. */
export type Cause = Omit<RecordChange, 'action'>;

export type Change<Kept extends TenantRecord> =
  | { readonly outcome: 'changed'; readonly record: Kept }
  /** It is so already. */
  | { readonly outcome: 'unchanged' }
  | Refusal;

/** What there is under a name. */
export type Listed = ListedOrg | ListedTeam | ListedKey;

interface Rules extends Pick<OrgRecord, 'rateLimits' | 'budgets' | 'models' | 'routes' | 'metadata'> {}

const everything: readonly string[] = ['*'];

export const noRules: Rules = {
  rateLimits: [],
  budgets: [],
  models: everything,
  routes: everything,
  metadata: {},
};

/** A field that is null is taken away; one that is absent stays. */
export const withField = <Name extends string, Value>(
  name: Name,
  changed: Value | null | undefined,
  before: Value | undefined,
): { [Key in Name]?: Value } => {
  const value = changed === undefined ? before : changed;
  return value === undefined || value === null ? {} : ({ [name]: value } as { [Key in Name]: Value });
};

const refuseFile = (what: string): Refusal =>
  refuse('managed_by_file', `${what} is in the configuration file: change it there and apply the file.`);

const isOver = (found: Listed): boolean =>
  (found.kind === 'key' ? found.revokedAt : found.deletedAt) !== undefined;

/** Names are not used again: what was counted under them stays what it was. */
export const refuseTaken = (what: string, found: Listed): Refusal => {
  if (found.source === 'file') return refuseFile(what);
  return isOver(found)
    ? refuse('already_exists', `${what} existed before, and its name is not used again: choose another.`)
    : refuse('already_exists', `${what} exists already: change it with PATCH, or choose another name.`);
};

/** The organisation and team that something new shall belong to. */
export const refuseOwner = (
  org: string,
  foundOrg: ListedOrg | undefined,
  team: string,
  foundTeam: ListedTeam | undefined,
): Refusal | undefined => {
  if (!foundOrg) return refuse('org_not_found', `There is no organisation ${org}: create it first.`, 'org');
  if (isOver(foundOrg)) return refuse('is_deleted', `The organisation ${org} is deleted.`, 'org');
  if (team === noTeam) return undefined;
  if (!foundTeam) return refuse('team_not_found', `${org} has no team ${team}: create it first.`, 'team');
  return isOver(foundTeam)
    ? refuse('is_deleted', `The team ${team} of ${org} is deleted.`, 'team')
    : undefined;
};

/** A record without what the next change replaces. */
export type Changeable<Found extends Listed> = Omit<Found, 'source' | 'revision' | 'change'>;

export const toChangeable = <Found extends Listed>(
  what: string,
  reason: 'org_not_found' | 'team_not_found' | 'key_not_found',
  found: Found | undefined,
): { readonly outcome: 'changeable'; readonly current: Changeable<Found> } | Refusal => {
  if (!found) return refuse(reason, `There is no ${what}.`);
  const { source, revision: _revision, change: _change, ...current } = found;
  return source === 'file' ? refuseFile(`The ${what}`) : { outcome: 'changeable', current };
};
