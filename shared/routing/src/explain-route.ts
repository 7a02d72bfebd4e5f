import type { WeirConfig } from '@weir/contracts';
import { judgeUpstream } from './judge-upstream.ts';
import { isSafePath, type MatchedRoute, matchRoute, withoutQuery } from './match-route.ts';
import { missedCondition, type RoutedRequest } from './missed-condition.ts';
import { compileRoutes } from './route-table.ts';
import { selectFallbacks } from './select-fallbacks.ts';
import { selectUpstreams, upstreamNamesOf } from './select-upstreams.ts';

const explainTable = (config: WeirConfig, request: RoutedRequest): string[] => {
  const path = withoutQuery(request.path);
  if (!isSafePath(path)) return ['  no route: a path begins with / and has no . or .. segments'];
  const lines: string[] = [];
  for (const compiled of compileRoutes(config).routes) {
    const missed = missedCondition(compiled, path, request);
    lines.push(`  ${compiled.route.name}: ${missed === undefined ? 'matches' : `no, ${missed} differs`}`);
    if (missed === undefined) break;
  }
  return lines;
};

const explainUpstreams = (config: WeirConfig, matched: MatchedRoute, model: string): string[] =>
  upstreamNamesOf(config, matched.route).flatMap((name) => {
    const upstream = config.upstreams[name];
    if (upstream === undefined) return [];
    const verdict = judgeUpstream(upstream, matched.api, model);
    if (verdict.outcome === 'serves') return [`  ${name}: serves it as ${JSON.stringify(verdict.model)}`];
    const why = verdict.outcome === 'no_model' ? 'has no such model' : `does not speak ${matched.api}`;
    return [`  ${name}: no, ${why}`];
  });

const explainSelection = (config: WeirConfig, matched: MatchedRoute, request: RoutedRequest): string[] => {
  const model = request.model ?? matched.pathModel ?? '';
  const selection = selectUpstreams(config, {
    route: matched.route,
    api: matched.api,
    model,
    ...(request.tier === undefined ? {} : { principal: { tier: request.tier } }),
  });
  const result =
    selection.outcome === 'found'
      ? `order: ${selection.candidates.map((candidate) => candidate.upstream).join(', ')}`
      : `${selection.reason}: ${selection.message}`;
  const fallbacks = selectFallbacks(config, { route: matched.route, api: matched.api, model });
  return [
    `model ${JSON.stringify(model)}, upstreams`,
    ...explainUpstreams(config, matched, model),
    `  ${result}`,
    ...fallbacks.map((one) => `  fallback ${one.upstream}: serves it as ${JSON.stringify(one.model)}`),
  ];
};

/** Says in lines for people which route takes a request, which upstreams can serve it, and why the others do not. */
export const explainRoute = (config: WeirConfig, request: RoutedRequest): string => {
  const matched = matchRoute(compileRoutes(config), request);
  const lines = [`${request.method} ${request.path}, routes`, ...explainTable(config, request)];
  if (matched.outcome === 'rejected') {
    const allowed = matched.reason === 'method_not_allowed' ? `, allowed: ${matched.allowed.join(', ')}` : '';
    return [...lines, `${matched.reason}${allowed}`].join('\n');
  }
  lines.push(`api ${matched.api}, path for the upstream ${matched.upstreamPath}`);
  if (matched.api === 'openai.models') return [...lines, 'answered from the configuration'].join('\n');
  return [...lines, ...explainSelection(config, matched, request)].join('\n');
};
