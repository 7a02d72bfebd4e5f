import type { WeirConfig } from '@weir/contracts';
import { explainRules, explainVariants, isAssigned } from './explain-variants.ts';
import { findWay, type Way } from './find-way.ts';
import { judgeUpstream } from './judge-upstream.ts';
import { isSafePath, type MatchedRoute, matchRoute, withoutQuery } from './match-route.ts';
import { missedCondition, type RoutedRequest } from './missed-condition.ts';
import { nameModel } from './name-model.ts';
import { compileRoutes } from './route-table.ts';
import { selectFallbacks } from './select-fallbacks.ts';
import { namedByWay, selectUpstreams, type UpstreamQuestion } from './select-upstreams.ts';

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

const toQuestion = (matched: MatchedRoute, request: RoutedRequest, model: string): UpstreamQuestion => ({
  route: matched.route,
  api: matched.api,
  model,
  ...(request.tier === undefined ? {} : { principal: { tier: request.tier } }),
  request: { id: '', client: { ip: '', headers: textHeadersOf(request.headers) } },
});

const textHeadersOf = (headers: RoutedRequest['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );

const explainUpstreams = (config: WeirConfig, { api, model }: UpstreamQuestion, way: Way): string[] =>
  namedByWay(config, way).flatMap(({ upstream: name }) => {
    const upstream = config.upstreams[name];
    if (upstream === undefined) return [];
    const verdict = judgeUpstream(upstream, api, model);
    if (verdict.outcome === 'serves') return [`  ${name}: serves it as ${JSON.stringify(verdict.model)}`];
    const why = verdict.outcome === 'no_model' ? 'has no such model' : `does not speak ${api}`;
    return [`  ${name}: no, ${why}`];
  });

const explainSelection = (config: WeirConfig, question: UpstreamQuestion): string[] => {
  const way = findWay(question);
  const selection = selectUpstreams(config, question);
  const order =
    selection.outcome === 'found'
      ? `order: ${selection.candidates.map((candidate) => candidate.upstream).join(', ')}`
      : `${selection.reason}: ${selection.message}`;
  const isByShare = selection.outcome === 'found' && !isAssigned(way, question);
  const { route, api, model } = question;
  const fallbacks = selectFallbacks(config, { route, api, model });
  return [
    ...explainRules(question),
    `model ${JSON.stringify(question.model)}, upstreams`,
    ...explainUpstreams(config, question, way),
    ...explainVariants(way, question),
    isByShare ? '  order: by share' : `  ${order}`,
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
  const named = nameModel(matched, request.headers, request.model);
  if (named.outcome === 'contradicted') {
    const { header, byHeader, byBody } = named;
    const models = `${JSON.stringify(byBody)} and by ${header} ${JSON.stringify(byHeader)}`;
    return [...lines, `bad_header: the model is ${models}`].join('\n');
  }
  return [...lines, ...explainSelection(config, toQuestion(matched, request, named.model))].join('\n');
};
