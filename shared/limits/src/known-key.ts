import { type BudgetConfig, matchesSomePattern, type Principal, type RateLimitConfig } from '@weir/contracts';

/** What is configured in one place: on a route, an organisation, a team or a key. */
export interface Rules {
  readonly rateLimits: readonly RateLimitConfig[];
  readonly budgets: readonly BudgetConfig[];
}

/** The rules of a key and of what it belongs to. All of them apply. */
export interface TenantRules {
  readonly org: Rules;
  /** Undefined: the key belongs to no team. */
  readonly team: Rules | undefined;
  readonly key: Rules;
}

export interface KnownKey {
  readonly principal: Principal;
  /** Lists of patterns, of organisation, team and key. A model must fit each list: see `allowsValue`. */
  readonly models: readonly (readonly string[])[];
  readonly routes: readonly (readonly string[])[];
  readonly rules: TenantRules;
}

export type FoundKey =
  | { readonly outcome: 'found'; readonly key: KnownKey }
  /** Also when its organisation or team does not exist (yet). */
  | { readonly outcome: 'unknown' }
  /** Milliseconds since the epoch. */
  | { readonly outcome: 'expired'; readonly expiredAt: number }
  /** The key was revoked, or its organisation or team deleted. */
  | { readonly outcome: 'revoked' };

/** Whether a value fits some pattern of each list. */
export const allowsValue = (lists: readonly (readonly string[])[], value: string): boolean =>
  lists.every((patterns) => matchesSomePattern(patterns, value));
