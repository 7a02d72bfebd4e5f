import type { Rules } from './known-key.ts';
import { noTeam, type PlaceKind, placeText } from './limit-scope.ts';
import type { TenantDirectory } from './tenant-directory.ts';

export interface PlacedRules extends Rules {
  /** `org:acme`, `team:acme/web`, `key:acme/k1` or `route:chat`. */
  readonly place: string;
}

/** All that holds for a key, and where it stands. */
export interface EffectiveRules {
  /** Absent: none. */
  readonly tier?: string;
  /** A model has to fit each list. */
  readonly models: readonly (readonly string[])[];
  readonly routes: readonly (readonly string[])[];
  /** Only those that have rules; all of them apply. */
  readonly places: readonly PlacedRules[];
}

/** Undefined when there is no such key, or its organisation or team is missing. */
export const effectiveRules = (
  directory: Pick<TenantDirectory, 'org' | 'team' | 'key'>,
  name: { readonly org: string; readonly id: string },
  route?: Rules & { readonly name: string },
): EffectiveRules | undefined => {
  const key = directory.key(name.org, name.id);
  const org = directory.org(name.org);
  if (!key || !org) return undefined;
  const team = key.team === noTeam ? undefined : directory.team(key.org, key.team);
  if (!team && key.team !== noTeam) return undefined;
  const tenants = [org, ...(team ? [team] : []), key];
  const named = { principal: { org: key.org, team: key.team, key: key.id }, route: route?.name ?? '' };
  const toPlaced = (place: PlaceKind, { rateLimits, budgets }: Rules): PlacedRules[] =>
    rateLimits.length + budgets.length === 0 ? [] : [{ place: placeText(place, named), rateLimits, budgets }];
  const tier = key.tier ?? org.tier;
  return {
    ...(tier === undefined ? {} : { tier }),
    models: tenants.map(({ models }) => models),
    routes: tenants.map(({ routes }) => routes),
    places: [
      ...(route ? toPlaced('route', route) : []),
      ...tenants.flatMap((tenant) => toPlaced(tenant.kind, tenant)),
    ],
  };
};
