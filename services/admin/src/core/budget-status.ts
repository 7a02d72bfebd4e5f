import type { RouteConfig } from '@weir/contracts';
import {
  type AppliedBudget,
  type ListedKey,
  noTeam,
  resolveLimits,
  type TenantDirectory,
  unitsText,
} from '@weir/limits';

/** What policy says of a counter. */
export interface CounterState {
  readonly counter: string;
  /** Decimal integer text, in the counter's unit. */
  readonly spent: string;
  readonly held: string;
  readonly holds?: readonly { readonly id: string; readonly amount: string; readonly expiresAt: number }[];
  /** False: there are more holds than are listed. */
  readonly complete?: boolean;
}

const noRules = { rateLimits: [], budgets: [] };
const noClient = { ip: '', headers: {} };

const isActive = ({ revokedAt }: ListedKey): boolean => revokedAt === undefined;

/** Of callers, not of tenants: there may be any number, and nobody knows which. */
const isOfCallers = (scope: string): boolean => /\/(header|client-ip):/.test(scope);

/**
 * The budgets that requests of an organisation are charged to at the moment, each once: found by asking for each of
 * its keys what a request of it would be charged to.
 */
export const budgetsOfOrg = (input: {
  readonly directory: TenantDirectory;
  readonly routes: readonly RouteConfig[];
  readonly org: string;
  readonly nowMs: number;
  readonly sha256Hex: (text: string) => string;
}): readonly AppliedBudget[] => {
  const { directory, routes, org, nowMs, sha256Hex } = input;
  const found = new Map<string, AppliedBudget>();
  const ofOrg = directory.org(org) ?? noRules;
  const budgetRoutes = routes.filter(({ budgets }) => budgets.length > 0);
  const asked = [{ name: '', ...noRules }, ...budgetRoutes];
  for (const key of directory.listKeys(org).filter(isActive)) {
    const team = key.team === noTeam ? undefined : directory.team(org, key.team);
    const principal = { org, team: key.team, key: key.id };
    for (const route of asked) {
      const tenant = { org: ofOrg, team, key };
      const limits = resolveLimits({ principal, route, tenant, client: noClient, nowMs, sha256Hex });
      for (const budget of limits.budgets) if (!isOfCallers(budget.scope)) found.set(budget.counter, budget);
    }
  }
  return [...found.values()];
};

const textIn = (budget: AppliedBudget, units: bigint): string => unitsText(units, budget.unit);

/** One line of the answer: amounts are decimal text in tokens, requests or whole units of the currency. */
export const toBudgetView = (budget: AppliedBudget, state: CounterState): object => {
  const spent = BigInt(state.spent);
  const held = BigInt(state.held);
  const { config, counter, scope, unit, limit, limitUnits, endsAt } = budget;
  const left = limit - spent - held;
  return {
    scope,
    budget: config.name,
    unit,
    period: config.period,
    timeZone: config.timeZone,
    resetsAt: new Date(endsAt * 1_000).toISOString(),
    enforce: config.enforce,
    limit: textIn(budget, limitUnits),
    limitWithBurst: textIn(budget, limit),
    spent: textIn(budget, spent),
    held: textIn(budget, held),
    remaining: textIn(budget, left > 0n ? left : 0n),
    counter,
    holds: (state.holds ?? []).map(({ id, amount, expiresAt }) => ({
      request: id,
      amount: textIn(budget, BigInt(amount)),
      expiresAt: new Date(expiresAt).toISOString(),
    })),
    holdsComplete: state.complete ?? true,
  };
};
