import type { BudgetConfig, LimitKey, RateLimitConfig, WeirConfig } from '@weir/contracts';

/** What the limits of a configuration have to know of a request, beyond what is always found. */
export interface LimitNeeds {
  /** Tokens by the tokenizer of the model, not by the number of characters. */
  readonly tokenizer: boolean;
  readonly words: boolean;
  /** Client headers whose values limits are kept by. */
  readonly headers: readonly string[];
}

interface Limited {
  readonly rateLimits: readonly RateLimitConfig[];
  readonly budgets: readonly BudgetConfig[];
}

const places = ({ routes, tenants }: Pick<WeirConfig, 'routes' | 'tenants'>): readonly Limited[] => [
  ...routes,
  ...tenants,
  ...tenants.flatMap(({ keys, teams }) => [...keys, ...teams, ...teams.flatMap((team) => team.keys)]),
];

const headerOf = (key: LimitKey | undefined): readonly string[] =>
  key?.startsWith('header:') ? [key.slice('header:'.length)] : [];

export const decideLimitNeeds = (config: Pick<WeirConfig, 'routes' | 'tenants'>): LimitNeeds => {
  const limited = places(config);
  const rates = limited.flatMap(({ rateLimits }) => rateLimits);
  const budgets = limited.flatMap((place) => place.budgets);
  const ofTokens = rates.filter(({ tokensPerMinute }) => tokensPerMinute !== undefined);
  return {
    tokenizer:
      ofTokens.some(({ estimate }) => estimate === 'tiktoken') ||
      budgets.some(({ unit }) => unit !== 'requests'),
    words: ofTokens.some(({ estimate }) => estimate === 'words'),
    headers: [...new Set([...rates, ...budgets].flatMap(({ key }) => headerOf(key)))],
  };
};
