import { withBuiltinRoutes } from './builtin-routes.ts';
import { checkReferences } from './check-references.ts';
import type { ConfigProblem } from './config-problem.ts';
import { configSchema } from './config-schema.ts';
import { fromIssue } from './from-issue.ts';
import type { WeirConfig } from './weir-config.ts';

export type ParsedConfig =
  | { readonly outcome: 'valid'; readonly config: WeirConfig }
  | { readonly outcome: 'invalid'; readonly problems: readonly ConfigProblem[] };

/**
 * Checks a configuration, fills in every default and adds the built-in routes. Reports every problem at once.
 * Takes its own output too, and returns the same.
 */
export const parseConfig = (value: unknown): ParsedConfig => {
  const parsed = configSchema.safeParse(value);
  const references = checkReferences(value);
  if (parsed.success && references.length === 0) {
    return { outcome: 'valid', config: { ...parsed.data, routes: withBuiltinRoutes(parsed.data.routes) } };
  }
  const issues = parsed.error?.issues ?? [];
  return {
    outcome: 'invalid',
    problems: [...issues.flatMap((issue) => fromIssue(issue, value)), ...references],
  };
};
