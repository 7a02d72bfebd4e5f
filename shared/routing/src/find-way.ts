import {
  matchesPattern,
  matchesSomePattern,
  type RouteConfig,
  type RouteRuleConfig,
  type WayConfig,
} from '@weir/contracts';
import type { UpstreamQuestion } from './select-upstreams.ts';

/** Where requests go: a route, or one of its rules. Only a route can have a canary. */
export type Way = WayConfig & Pick<RouteConfig, 'canary'>;

type Headers = Readonly<Record<string, string>>;

const areHeadersMatched = (patterns: Headers, headers: Headers): boolean => {
  for (const name in patterns) {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (value === undefined || !matchesPattern(patterns[name] ?? '', value)) return false;
  }
  return true;
};

const noHeaders: Headers = {};

/** The first condition of a rule that a request does not fulfil; undefined when it fulfils them all. */
export const missedByRule = (
  { match }: RouteRuleConfig,
  { model, principal, request }: UpstreamQuestion,
): 'header' | 'model' | 'tier' | undefined => {
  const { headers, models, tiers } = match;
  if (headers && !areHeadersMatched(headers, request?.client.headers ?? noHeaders)) return 'header';
  if (models && model !== '' && !matchesSomePattern(models, model)) return 'model';
  return tiers && principal && !tiers.includes(principal.tier ?? '') ? 'tier' : undefined;
};

/** Where a request of a route goes: as the first rule says that it fulfils, otherwise as the route says. */
export const findWay = (question: UpstreamQuestion): Way => {
  const { route } = question;
  return route.rules?.find((rule) => missedByRule(rule, question) === undefined) ?? route;
};
