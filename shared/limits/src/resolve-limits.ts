import {
  type BudgetConfig,
  type BudgetCounter,
  type BudgetUnit,
  counterText,
  type Principal,
  type RateLimitConfig,
} from '@weir/contracts';
import { budgetLimitUnits, fractionOf } from './budget-units.ts';
import type { Rules, TenantRules } from './known-key.ts';
import { type Caller, type PlaceKind, scopeText } from './limit-scope.ts';
import { periodAt, previousPeriod } from './period.ts';

export interface AppliedBucket {
  /** Name of the bucket in the limit store. */
  readonly key: string;
  readonly capacity: number;
  readonly perMinute: number;
}

export interface AppliedSlots {
  readonly key: string;
  /** Requests at a time. */
  readonly limit: number;
}

/** A rate limit that a request has to pass. */
export interface AppliedRateLimit {
  readonly scope: string;
  readonly config: RateLimitConfig;
  /** Input and output tokens. */
  readonly tokens?: AppliedBucket;
  readonly requests?: AppliedBucket;
  readonly slots?: AppliedSlots;
}

/** What may be taken over from the period before: what was left there of `limit`, `most` at most. */
export interface BudgetCarry {
  /** The counter of the period before. */
  readonly counter: string;
  readonly limit: bigint;
  readonly most: bigint;
}

/** A budget that a request is charged to. Amounts are in the counter's unit. */
export interface AppliedBudget {
  /** Whose budget it is. */
  readonly place: PlaceKind;
  readonly scope: string;
  readonly unit: BudgetUnit;
  readonly config: BudgetConfig;
  /** The counter of the period that the request begins in. */
  readonly counter: string;
  /** End of that period, seconds since the epoch. */
  readonly endsAt: number;
  /** As configured. */
  readonly limitUnits: bigint;
  /** With the burst allowance, and without what is carried over. */
  readonly limit: bigint;
  /** Absent: nothing rolls over. */
  readonly carry?: BudgetCarry;
}

export interface AppliedLimits {
  readonly rateLimits: readonly AppliedRateLimit[];
  readonly budgets: readonly AppliedBudget[];
}

export interface LimitedRequest extends Omit<Caller, 'route'> {
  readonly principal: Principal;
  readonly route: Rules & { readonly name: string };
  /** Undefined for an anonymous caller. */
  readonly tenant: TenantRules | undefined;
  readonly nowMs: number;
}

const noLimits: AppliedLimits = { rateLimits: [], budgets: [] };

const hasRules = (rules: Rules | undefined): boolean =>
  rules !== undefined && (rules.rateLimits.length > 0 || rules.budgets.length > 0);

/** `position` is that of the limit in its place, so that a changed limit goes on with the bucket that it had. */
const applyRateLimit = (config: RateLimitConfig, scope: string, position: number): AppliedRateLimit => {
  const { tokensPerMinute, requestsPerMinute, concurrency } = config;
  const key = `${scope}|${position}`;
  return {
    scope,
    config,
    ...(tokensPerMinute === undefined
      ? {}
      : {
          tokens: {
            key: `t|${key}`,
            capacity: config.burstTokens ?? tokensPerMinute,
            perMinute: tokensPerMinute,
          },
        }),
    ...(requestsPerMinute === undefined
      ? {}
      : {
          requests: {
            key: `r|${key}`,
            capacity: config.burstRequests ?? requestsPerMinute,
            perMinute: requestsPerMinute,
          },
        }),
    ...(concurrency === undefined ? {} : { slots: { key: `c|${key}`, limit: concurrency } }),
  };
};

interface Amounts {
  readonly limitUnits: bigint;
  readonly limit: bigint;
  readonly mostCarried: bigint;
}

const amountsOfConfig = new WeakMap<BudgetConfig, Amounts>();

const amountsOf = (config: BudgetConfig): Amounts => {
  const known = amountsOfConfig.get(config);
  if (known) return known;
  const limitUnits = budgetLimitUnits(config.limit, config.unit);
  const amounts = {
    limitUnits,
    limit: limitUnits + fractionOf(limitUnits, config.burstAllowance),
    mostCarried: fractionOf(limitUnits, config.rollOver),
  };
  amountsOfConfig.set(config, amounts);
  return amounts;
};

const applyBudget = (config: BudgetConfig, place: PlaceKind, scope: string, nowMs: number): AppliedBudget => {
  const { unit, name, period, timeZone } = config;
  const { limitUnits, limit, mostCarried } = amountsOf(config);
  const counterIn = (within: Pick<BudgetCounter, 'startsAt' | 'endsAt'>): string =>
    counterText({ unit, scope, budget: name, startsAt: within.startsAt, endsAt: within.endsAt });
  const current = periodAt(period, timeZone, nowMs);
  const applied = {
    place,
    scope,
    unit,
    config,
    counter: counterIn(current),
    endsAt: current.endsAt,
    limitUnits,
    limit,
  };
  if (mostCarried === 0n) return applied;
  const counter = counterIn(previousPeriod(period, timeZone, nowMs));
  return { ...applied, carry: { counter, limit: limitUnits, most: mostCarried } };
};

/**
 * The limits that a request has to pass and the budgets that it is charged to: those of its route, organisation, team
 * and key, in this order.
 */
export const resolveLimits = (request: LimitedRequest): AppliedLimits => {
  const { route, tenant, nowMs } = request;
  if (!hasRules(route) && !hasRules(tenant?.org) && !hasRules(tenant?.team) && !hasRules(tenant?.key))
    return noLimits;
  const { principal, client, sha256Hex } = request;
  const caller: Caller = { principal, client, sha256Hex, route: route.name };
  const rateLimits: AppliedRateLimit[] = [];
  const budgets: AppliedBudget[] = [];
  const apply = (place: PlaceKind, rules: Rules | undefined): void => {
    if (rules === undefined) return;
    for (const [position, config] of rules.rateLimits.entries())
      rateLimits.push(applyRateLimit(config, scopeText(place, config.key, caller), position));
    for (const config of rules.budgets)
      budgets.push(applyBudget(config, place, scopeText(place, config.key, caller), nowMs));
  };
  apply('route', route);
  apply('org', tenant?.org);
  apply('team', tenant?.team);
  apply('key', tenant?.key);
  return { rateLimits, budgets };
};
