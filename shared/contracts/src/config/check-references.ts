import { builtinRoutes } from './builtin-routes.ts';
import { checkPricing } from './check-pricing.ts';
import { checkTraffic } from './check-traffic.ts';
import { closestName } from './closest-name.ts';
import type { ConfigProblem } from './config-problem.ts';
import { matchesPattern, matchesSomePattern } from './matches-pattern.ts';
import {
  fieldOf,
  fieldsOf,
  itemsOf,
  problem,
  type RawNode,
  repeated,
  textOf,
  textsOf,
} from './raw-config.ts';

const named = (nodes: readonly RawNode[], name: string): readonly RawNode[] =>
  nodes.map((node) => fieldOf(node, name));

const checkTargetNames = (upstream: RawNode): ConfigProblem[] => {
  const targets = itemsOf(fieldOf(upstream, 'targets'));
  const names = targets.map((target, position) => {
    const name = fieldOf(target, 'name');
    return name.value === undefined ? { value: `t${position}`, at: target.at } : name;
  });
  return repeated(names, 'a name that is unique in its upstream');
};

const checkAliases = (upstream: RawNode): ConfigProblem[] => {
  const models = textsOf(fieldOf(upstream, 'models'));
  if (models.length === 0) return [];
  return fieldsOf(fieldOf(upstream, 'aliases')).flatMap((alias) => {
    const model = textOf(alias);
    if (model === undefined || matchesSomePattern(models, model)) return [];
    return [problem(alias, "a model of this upstream's `models`", closestName(model, models))];
  });
};

/** What has no effect is a mistake. */
const checkAffinity = (upstream: RawNode): ConfigProblem[] => {
  const affinity = fieldOf(upstream, 'affinity');
  if (affinity.value === undefined || textOf(fieldOf(upstream, 'strategy')) === 'session') return [];
  return [problem(affinity, 'nothing, as only `strategy: session` has sessions')];
};

/** A value that Weir makes up would be a session to the others, which have none for such a client. */
const checkIssuers = (upstreams: readonly RawNode[]): ConfigProblem[] => {
  const affinities = upstreams.map((upstream) => fieldOf(upstream, 'affinity'));
  const nameOf = (affinity: RawNode) => textOf(fieldOf(affinity, 'cookie'));
  const issues = (affinity: RawNode) => fieldOf(affinity, 'issueCookie').value === true;
  const issued = new Set(affinities.filter(issues).map(nameOf));
  return affinities.flatMap((affinity) => {
    const name = nameOf(affinity);
    if (name === undefined || issues(affinity) || !issued.has(name)) return [];
    return [problem(affinity, `\`issueCookie: true\`, as another upstream issues ${name}`)];
  });
};

const checkTls = (upstream: RawNode): ConfigProblem[] => {
  const tls = fieldOf(upstream, 'tls');
  const urls = itemsOf(fieldOf(upstream, 'targets')).map(
    (target) => textOf(target) ?? textOf(fieldOf(target, 'url')),
  );
  if (tls.value === undefined || urls.some((url) => url === undefined || /^https:/i.test(url))) return [];
  return [problem(tls, 'nothing, as no target has an https URL')];
};

const checkMatch = (route: RawNode): ConfigProblem[] => {
  const match = fieldOf(route, 'match');
  const path = textOf(fieldOf(match, 'path'));
  const prefix = textOf(fieldOf(match, 'pathPrefix'));
  const problems: ConfigProblem[] = [];
  if (fieldsOf(match).length === 0 && typeof match.value === 'object' && match.value !== null) {
    problems.push(problem(match, 'at least one condition; `pathPrefix: /` matches everything'));
  }
  if (path !== undefined && prefix !== undefined) {
    problems.push(problem(fieldOf(match, 'pathPrefix'), 'nothing: `path` says all of it'));
  }
  const strip = fieldOf(route, 'stripPrefix');
  const front = textOf(strip)?.replace(/\/+$/, '');
  const place = path ?? prefix;
  if (front !== undefined && !(place === front || place?.startsWith(`${front}/`) === true)) {
    problems.push(problem(strip, "the front of the route's `match.path` or `match.pathPrefix`"));
  }
  return problems;
};

const checkRoutes = (whole: RawNode): ConfigProblem[] => {
  const routes = itemsOf(fieldOf(whole, 'routes'));
  const upstreams = fieldsOf(fieldOf(whole, 'upstreams')).map((upstream) => upstream.name);
  const fallbacksOf = (route: RawNode): readonly RawNode[] =>
    itemsOf(fieldOf(fieldOf(route, 'fallback'), 'upstreams')).map((item) =>
      textOf(item) === undefined ? fieldOf(item, 'upstream') : item,
    );
  const unknownFallbacks = routes.flatMap((route) =>
    fallbacksOf(route).flatMap((upstream) => {
      const name = textOf(upstream);
      if (name === undefined || upstreams.includes(name)) return [];
      return [problem(upstream, 'the name of an upstream', closestName(name, upstreams))];
    }),
  );
  return [
    ...repeated(named(routes, 'name'), 'a unique name'),
    ...checkTraffic(whole),
    ...unknownFallbacks,
    ...routes.flatMap((route) => repeated(fallbacksOf(route), 'each upstream once')),
    ...routes.flatMap((route) => checkMatch(route)),
  ];
};

const checkKeys = (whole: RawNode): ConfigProblem[] => {
  const tenants = itemsOf(fieldOf(whole, 'tenants'));
  const keysOf = (tenant: RawNode): readonly RawNode[] =>
    [tenant, ...itemsOf(fieldOf(tenant, 'teams'))].flatMap((owner) => itemsOf(fieldOf(owner, 'keys')));
  const keys = tenants.flatMap(keysOf);
  const routes = [
    ...builtinRoutes.map((route) => route.name),
    ...named(itemsOf(fieldOf(whole, 'routes')), 'name').flatMap((name) => textOf(name) ?? []),
  ];
  const unknownRoutes = keys.flatMap((key) =>
    itemsOf(fieldOf(key, 'routes')).flatMap((pattern) => {
      const text = textOf(pattern);
      if (text === undefined || routes.some((route) => matchesPattern(text, route))) return [];
      return [
        problem(pattern, 'the name of a route, or a pattern that matches one', closestName(text, routes)),
      ];
    }),
  );
  return [
    ...repeated(named(tenants, 'org'), 'a unique organisation'),
    ...tenants.flatMap((tenant) =>
      repeated(named(itemsOf(fieldOf(tenant, 'teams')), 'team'), 'a team that is unique in its organisation'),
    ),
    ...tenants.flatMap((tenant) =>
      repeated(named(keysOf(tenant), 'id'), 'an id that is unique in its organisation'),
    ),
    ...repeated(named(keys, 'sha256'), 'a key of its own'),
    ...unknownRoutes,
  ];
};

/** Budgets of one place are told apart by their names: two of one name would be one counter. */
const checkBudgets = (whole: RawNode): ConfigProblem[] => {
  const tenants = itemsOf(fieldOf(whole, 'tenants'));
  const owners = [...tenants, ...tenants.flatMap((tenant) => itemsOf(fieldOf(tenant, 'teams')))];
  const keys = owners.flatMap((owner) => itemsOf(fieldOf(owner, 'keys')));
  return [...itemsOf(fieldOf(whole, 'routes')), ...owners, ...keys].flatMap((place) =>
    repeated(named(itemsOf(fieldOf(place, 'budgets')), 'name'), 'a name that is unique in its place'),
  );
};

/** What the parts of a configuration say of each other. Reads any shape, so that all problems come at once. */
export const checkReferences = (value: unknown): ConfigProblem[] => {
  const whole: RawNode = { value, at: [] };
  const upstreams = fieldsOf(fieldOf(whole, 'upstreams'));
  return [
    ...upstreams.flatMap(checkTargetNames),
    ...upstreams.flatMap(checkAliases),
    ...upstreams.flatMap(checkAffinity),
    ...checkIssuers(upstreams),
    ...upstreams.flatMap(checkTls),
    ...checkRoutes(whole),
    ...checkKeys(whole),
    ...checkBudgets(whole),
    ...checkPricing(fieldOf(whole, 'pricing')),
    ...repeated(named(itemsOf(fieldOf(whole, 'exports')), 'name'), 'a name that no other export has'),
  ];
};
