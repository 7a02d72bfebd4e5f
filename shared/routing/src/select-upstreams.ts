import {
  type Api,
  matchesSomePattern,
  type Principal,
  type RouteConfig,
  type WeirConfig,
} from '@weir/contracts';
import { usualPath } from './api-of-path.ts';
import { judgeUpstream, type UpstreamVerdict } from './judge-upstream.ts';
import { mainApiOf } from './speaks-api.ts';

export interface UpstreamQuestion {
  readonly route: RouteConfig;
  readonly api: Api;
  /** As the client named it. Empty when the API has none. */
  readonly model: string;
  /** Absent while it is not known: conditions on tiers then hold. */
  readonly principal?: Pick<Principal, 'tier'>;
}

export interface UpstreamCandidate {
  readonly upstream: string;
  /** Name of the model there. */
  readonly model: string;
}

export type UpstreamSelection =
  | { readonly outcome: 'found'; readonly candidates: readonly UpstreamCandidate[] }
  | {
      readonly outcome: 'rejected';
      readonly reason: 'model_not_found' | 'feature_not_supported';
      readonly message: string;
    };

/** Longer names exist in attacks only. */
const longestModel = 256;

const quoted = (model: string): string => JSON.stringify(model.slice(0, longestModel));

const modelNotFound = (message: string): UpstreamSelection => ({
  outcome: 'rejected',
  reason: 'model_not_found',
  message,
});

/** Why a route is not for this model or caller; undefined when it is. */
const refusalOf = ({ route, model, principal }: UpstreamQuestion): string | undefined => {
  if (model.length > longestModel) return `The name of a model has at most ${longestModel} characters.`;
  const { models, tiers } = route.match;
  if (models !== undefined && model !== '' && !matchesSomePattern(models, model)) {
    return `The model ${quoted(model)} is not served here.`;
  }
  if (tiers !== undefined && principal !== undefined && !tiers.includes(principal.tier ?? '')) {
    return `The model ${quoted(model)} is not served here for this service tier.`;
  }
  return undefined;
};

export const upstreamNamesOf = (config: WeirConfig, route: RouteConfig): readonly string[] =>
  (route.upstreams.length > 0 ? route.upstreams : Object.keys(config.upstreams)).filter((name) =>
    Object.hasOwn(config.upstreams, name),
  );

/**
 * The upstreams that can serve a request, the preferred first: in the order of the route if it names them,
 * otherwise those that name the model literally, then by pattern, then those that take any.
 */
export const selectUpstreams = (config: WeirConfig, question: UpstreamQuestion): UpstreamSelection => {
  const refusal = refusalOf(question);
  if (refusal !== undefined) return modelNotFound(refusal);
  const { route, api, model } = question;
  const serving: { candidate: UpstreamCandidate; closeness: number }[] = [];
  let otherApi: Api | undefined;
  for (const name of upstreamNamesOf(config, route)) {
    const upstream = config.upstreams[name];
    if (upstream === undefined) continue;
    const verdict: UpstreamVerdict = judgeUpstream(upstream, api, model);
    if (verdict.outcome === 'other_api') otherApi ??= mainApiOf(upstream.provider);
    if (verdict.outcome !== 'serves') continue;
    serving.push({ candidate: { upstream: name, model: verdict.model }, closeness: verdict.closeness });
  }
  if (serving.length > 0) {
    if (route.upstreams.length === 0) serving.sort((left, right) => left.closeness - right.closeness);
    return { outcome: 'found', candidates: serving.map((one) => one.candidate) };
  }
  if (otherApi === undefined) return modelNotFound(`The model ${quoted(model)} does not exist.`);
  return {
    outcome: 'rejected',
    reason: 'feature_not_supported',
    message: `The model ${quoted(model)} is not offered by ${api}; call ${otherApi} (${usualPath(otherApi)}).`,
  };
};
