import { matchesPattern, matchesSomePattern } from '@weir/contracts';
import type { CompiledRoute } from './route-table.ts';

/** A request as far as routes look at it. */
export interface RoutedRequest {
  /** Upper-case. */
  readonly method: string;
  /** Path and query, as the client sent them. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Absent while it is not known: conditions on the model then hold. */
  readonly model?: string;
  /** Tier of the caller. Absent while it is not known: conditions on tiers then hold. */
  readonly tier?: string;
}

export type Condition = 'path' | 'header' | 'model' | 'tier' | 'method';

const isPathMatched = (compiled: CompiledRoute, path: string): boolean => {
  if (compiled.path !== undefined) return path === compiled.path;
  const { prefix } = compiled;
  if (prefix === undefined) return true;
  if (!path.startsWith(prefix)) return false;
  return path.length === prefix.length ? compiled.prefixMatchesItself : path[prefix.length] === '/';
};

const areHeadersMatched = (compiled: CompiledRoute, headers: RoutedRequest['headers']): boolean =>
  compiled.headers.every(([name, pattern]) => {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (value === undefined) return false;
    return matchesPattern(pattern, typeof value === 'string' ? value : value.join(', '));
  });

const isListed = (patterns: readonly string[] | undefined, value: string | undefined): boolean =>
  patterns === undefined || value === undefined || matchesSomePattern(patterns, value);

/**
 * The first condition of a route that a request does not fulfil; undefined when it fulfils them all.
 * The method comes last: a request that only misses it is told which methods there are.
 */
export const missedCondition = (
  compiled: CompiledRoute,
  pathWithoutQuery: string,
  request: RoutedRequest,
): Condition | undefined => {
  if (!isPathMatched(compiled, pathWithoutQuery)) return 'path';
  if (!areHeadersMatched(compiled, request.headers)) return 'header';
  if (!isListed(compiled.route.match.models, request.model)) return 'model';
  const { tiers } = compiled.route.match;
  if (tiers !== undefined && request.tier !== undefined && !tiers.includes(request.tier)) return 'tier';
  return compiled.methods === undefined || compiled.methods.has(request.method) ? undefined : 'method';
};
