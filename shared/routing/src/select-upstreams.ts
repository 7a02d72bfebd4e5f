import {
  type Api,
  matchesSomePattern,
  type Principal,
  type RouteConfig,
  type WeirConfig,
} from '@weir/contracts';
import { usualPath } from './api-of-path.ts';
import { findWay, type Way } from './find-way.ts';
import { judgeUpstream, type UpstreamVerdict } from './judge-upstream.ts';
import { mainApiOf } from './speaks-api.ts';
import type { SplitRequest } from './split-key.ts';
import { variantPlanOf, variantsFor } from './variants-of.ts';

export interface UpstreamQuestion {
  readonly route: RouteConfig;
  readonly api: Api;
  /** As the client named it. Empty when the API has none. */
  readonly model: string;
  /** Absent while it is not known: conditions on tiers then hold. */
  readonly principal?: Pick<Principal, 'tier'>;
  /** Absent while it is not known: conditions on headers then fail, and variants come as they are listed. */
  readonly request?: SplitRequest;
  /** Percent of the requests that the route's canary gets. Absent while it is not known: both may get it. */
  readonly canaryWeight?: number;
}

export interface UpstreamCandidate {
  readonly upstream: string;
  /** Name of the model there. */
  readonly model: string;
  /** Which of the route's variants it is. Absent: the route has none. */
  readonly variant?: string;
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

/** What a request could go to, whether it can serve it or not. */
interface Named {
  readonly upstream: string;
  readonly variant?: string;
}

type VariantQuestion = Pick<UpstreamQuestion, 'request' | 'canaryWeight'>;

const variantsOfWay = (
  way: Way,
  { request, canaryWeight }: VariantQuestion,
): readonly Named[] | undefined => {
  const plan = variantPlanOf(way, canaryWeight);
  if (!plan) return undefined;
  const variants = request === undefined ? plan.variants : variantsFor(plan, request);
  return variants.map(({ upstream, name }) => ({ upstream, variant: name }));
};

/** Upstreams of a way, the preferred first. */
export const namedByWay = (
  config: WeirConfig,
  way: Way,
  question: VariantQuestion = {},
): readonly Named[] => {
  const variants = variantsOfWay(way, question);
  if (variants) return variants.filter(({ upstream }) => Object.hasOwn(config.upstreams, upstream));
  const names = way.upstreams.length > 0 ? way.upstreams : Object.keys(config.upstreams);
  return names.flatMap((upstream) => (Object.hasOwn(config.upstreams, upstream) ? [{ upstream }] : []));
};

/**
 * The upstreams that can serve a request, the preferred first: by its share of the variants if the route or the rule
 * of the route has them, in the order of the names if it names upstreams,
 * otherwise those that name the model literally, then by pattern, then those that take any.
 */
export const selectUpstreams = (config: WeirConfig, question: UpstreamQuestion): UpstreamSelection => {
  const refusal = refusalOf(question);
  if (refusal !== undefined) return modelNotFound(refusal);
  const { api, model } = question;
  const way = findWay(question);
  const named = namedByWay(config, way, question);
  const serving: { candidate: UpstreamCandidate; closeness: number }[] = [];
  let otherApi: Api | undefined;
  for (const one of named) {
    const upstream = config.upstreams[one.upstream];
    if (upstream === undefined) continue;
    const verdict: UpstreamVerdict = judgeUpstream(upstream, api, model);
    if (verdict.outcome === 'other_api') otherApi ??= mainApiOf(upstream.provider);
    if (verdict.outcome !== 'serves') continue;
    serving.push({ candidate: { ...one, model: verdict.model }, closeness: verdict.closeness });
  }
  if (serving.length > 0) {
    const isOrdered = way.upstreams.length > 0 || named[0]?.variant !== undefined;
    if (!isOrdered) serving.sort((left, right) => left.closeness - right.closeness);
    return { outcome: 'found', candidates: serving.map((one) => one.candidate) };
  }
  if (otherApi === undefined) return modelNotFound(`The model ${quoted(model)} does not exist.`);
  return {
    outcome: 'rejected',
    reason: 'feature_not_supported',
    message: `The model ${quoted(model)} is not offered by ${api}; call ${otherApi} (${usualPath(otherApi)}).`,
  };
};
