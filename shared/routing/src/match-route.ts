import type { Api, RouteConfig } from '@weir/contracts';
import { apiOfPath, modelOfPath, withVersion } from './api-of-path.ts';
import { missedCondition, type RoutedRequest } from './missed-condition.ts';
import type { CompiledRoute, RouteTable } from './route-table.ts';

export interface MatchedRoute {
  readonly outcome: 'matched';
  readonly route: RouteConfig;
  readonly api: Api;
  /** Path and query for the upstream. Begins with exactly one slash. */
  readonly upstreamPath: string;
  /** Model that the path names, decoded. Absent when it names none. */
  readonly pathModel?: string;
}

export type RouteMatch =
  | MatchedRoute
  | { readonly outcome: 'rejected'; readonly reason: 'route_not_found' }
  | {
      readonly outcome: 'rejected';
      readonly reason: 'method_not_allowed';
      /** Methods that the path has, for the `Allow` header. */
      readonly allowed: readonly string[];
    };

/** A `.` or `..` segment, also in disguise: an upstream would resolve it, and leave the path that the route allows. */
const dotSegment = /[/\\](?:\.|%2e){1,2}(?:[/\\]|$)/i;

/** Taken for the name of a host when it is resolved against a base URL. */
const manySlashes = /^[/\\]{2,}/;

const stripped = (compiled: CompiledRoute, path: string): string => {
  const { strip } = compiled;
  if (strip === undefined || !path.startsWith(strip)) return path;
  const rest = path.slice(strip.length);
  if (rest === '') return '/';
  return rest.startsWith('/') ? withVersion(rest) : path;
};

const toMatched = (compiled: CompiledRoute, path: string, query: string): MatchedRoute => {
  const upstreamPath = stripped(compiled, path).replace(manySlashes, '/');
  const api = compiled.route.api ?? apiOfPath(upstreamPath);
  const pathModel = api === 'openai.models' ? modelOfPath(upstreamPath) : undefined;
  return {
    outcome: 'matched',
    route: compiled.route,
    api,
    upstreamPath: upstreamPath + query,
    ...(pathModel === undefined ? {} : { pathModel }),
  };
};

export const withoutQuery = (path: string): string => {
  const queryStart = path.indexOf('?');
  return queryStart < 0 ? path : path.slice(0, queryStart);
};

export const isSafePath = (path: string): boolean => path.startsWith('/') && !dotSegment.test(path);

/**
 * Finds the route of a request: the first whose conditions hold. Called for each request.
 * Conditions on model and tier count only if the request tells them.
 */
export const matchRoute = (table: RouteTable, request: RoutedRequest): RouteMatch => {
  const path = withoutQuery(request.path);
  if (!isSafePath(path)) return { outcome: 'rejected', reason: 'route_not_found' };
  const allowed = new Set<string>();
  for (const compiled of table.routes) {
    const missed = missedCondition(compiled, path, request);
    if (missed === undefined) return toMatched(compiled, path, request.path.slice(path.length));
    if (missed === 'method') for (const method of compiled.methods ?? []) allowed.add(method);
  }
  if (allowed.size === 0) return { outcome: 'rejected', reason: 'route_not_found' };
  return { outcome: 'rejected', reason: 'method_not_allowed', allowed: [...allowed].sort() };
};
