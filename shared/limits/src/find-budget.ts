import type { BudgetConfig, BudgetCounter } from '@weir/contracts';
import type { Rules } from './known-key.ts';
import { type ReadScope, readScope, sharerKind } from './limit-scope.ts';
import { periodAt } from './period.ts';
import type { TenantDirectory } from './tenant-directory.ts';

type Places = Pick<TenantDirectory, 'org' | 'team' | 'key'>;

const rulesAt = (
  directory: Places,
  routes: ReadonlyMap<string, Pick<Rules, 'budgets'>>,
  { place, name, member = '' }: ReadScope,
): Pick<Rules, 'budgets'> | undefined => {
  if (place === 'route') return routes.get(name);
  if (place === 'org') return directory.org(name);
  return place === 'team' ? directory.team(name, member) : directory.key(name, member);
};

/** Anonymous callers of a route have no key; they are told apart by their addresses. */
const fitsSharer = (config: BudgetConfig, { place, sharer }: ReadScope): boolean => {
  const expected = sharerKind(place, config.key);
  return sharer === expected || (place === 'route' && expected === 'key' && sharer === 'client-ip');
};

/**
 * The budget that a counter belongs to. Undefined when there is none any more: it is gone, or has another unit,
 * period, time zone or key by now. Its limit may have changed.
 */
export const findBudget = (
  directory: Places,
  routes: ReadonlyMap<string, Pick<Rules, 'budgets'>>,
  counter: BudgetCounter,
): BudgetConfig | undefined => {
  const scope = readScope(counter.scope);
  const config =
    scope && rulesAt(directory, routes, scope)?.budgets.find(({ name }) => name === counter.budget);
  if (!config || config.unit !== counter.unit || !fitsSharer(config, scope)) return undefined;
  const { startsAt, endsAt } = periodAt(config.period, config.timeZone, counter.startsAt * 1_000);
  return startsAt === counter.startsAt && endsAt === counter.endsAt ? config : undefined;
};
