import type { RouteConfig, WeirConfig } from '@weir/contracts';

/** A route, prepared for matching. */
export interface CompiledRoute {
  readonly route: RouteConfig;
  readonly path: string | undefined;
  /** Without a slash at the end. */
  readonly prefix: string | undefined;
  /** Whether the prefix alone is a match too. */
  readonly prefixMatchesItself: boolean;
  readonly methods: ReadonlySet<string> | undefined;
  readonly headers: readonly (readonly [name: string, pattern: string])[];
  /** Without a slash at the end. */
  readonly strip: string | undefined;
}

/** The routes of a configuration in order of matching. Immutable; make a new one for a new configuration. */
export interface RouteTable {
  readonly routes: readonly CompiledRoute[];
}

const withoutEndingSlash = (path: string): string => path.replace(/\/+$/, '');

const compileRoute = (route: RouteConfig): CompiledRoute => {
  const { match, stripPrefix } = route;
  const prefix = match.pathPrefix;
  return {
    route,
    path: match.path,
    prefix: prefix === undefined ? undefined : withoutEndingSlash(prefix),
    prefixMatchesItself: prefix !== undefined && !prefix.endsWith('/'),
    methods: match.methods === undefined ? undefined : new Set(match.methods),
    headers: Object.entries(match.headers ?? {}),
    strip: stripPrefix === undefined ? undefined : withoutEndingSlash(stripPrefix),
  };
};

export const compileRoutes = (config: WeirConfig): RouteTable => ({
  routes: config.routes.map(compileRoute),
});

/** The route that an envelope names. Undefined when this revision of the configuration has none of that name. */
export const findRoute = (config: WeirConfig, name: string): RouteConfig | undefined =>
  config.routes.find((route) => route.name === name);
