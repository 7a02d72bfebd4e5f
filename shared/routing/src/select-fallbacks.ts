import { type Api, matchesPattern, type RouteConfig, type WeirConfig } from '@weir/contracts';
import { judgeUpstream } from './judge-upstream.ts';
import type { UpstreamCandidate } from './select-upstreams.ts';

type Mapping = Readonly<Record<string, string>>;

/** A name that is given literally goes before a pattern; of patterns the first holds. */
const mapModel = (mapping: Mapping, model: string): string => {
  if (Object.hasOwn(mapping, model)) return mapping[model] ?? model;
  const found = Object.entries(mapping).find(([pattern]) => matchesPattern(pattern, model));
  return found?.[1] ?? model;
};

/** The fallback upstreams of a route that speak the API and have the model, in the order of the route. */
export const selectFallbacks = (
  config: WeirConfig,
  { route, api, model }: { readonly route: RouteConfig; readonly api: Api; readonly model: string },
): readonly UpstreamCandidate[] =>
  (route.fallback?.upstreams ?? []).flatMap(({ upstream: name, modelMapping }) => {
    const upstream = Object.hasOwn(config.upstreams, name) ? config.upstreams[name] : undefined;
    const verdict = upstream && judgeUpstream(upstream, api, mapModel(modelMapping, model));
    return verdict?.outcome === 'serves' ? [{ upstream: name, model: verdict.model }] : [];
  });
