import type { Api, ClientInfo, Principal, RouteConfig, WeirConfig } from '@weir/contracts';
import { estimateCostNano, namesOf, outputTokensForNano, type PriceBook } from '@weir/pricing';
import { selectFallbacks, selectUpstreams, type UpstreamCandidate } from '@weir/routing';

export interface PricedRequest {
  readonly route: RouteConfig;
  readonly api: Api;
  readonly model: string;
  readonly principal: Principal;
  /** Decides where rules of the route send it. Absent: conditions on headers fail. */
  readonly client?: ClientInfo;
  /** Milliseconds since the epoch; prices have dates. */
  readonly at: number;
}

/** What a request may come to cost, whichever of its upstreams serves it. */
export interface RequestPrice {
  /** The dearest, in nano-units. Undefined: one of them has no price, and such requests are to be refused. */
  costOf(inputTokens: number, outputTokens: number): bigint | undefined;
  /** Most output tokens that the amount pays for at any of them. Undefined: no price. */
  outputFor(nano: bigint, inputTokens: number): number | undefined;
  /** The same of the route's fallback upstreams alone. Undefined: none of them can serve the request. */
  atFallback(): RequestPrice | undefined;
}

interface Sku {
  readonly provider?: string;
  /** Names that usage will be rated by, the first that has a price. */
  readonly models: readonly string[];
}

const toSku = (config: WeirConfig, model: string, candidate: UpstreamCandidate): Sku => {
  const upstream = config.upstreams[candidate.upstream];
  const names = { modelServed: candidate.model, modelRequested: model };
  return {
    models: namesOf(upstream?.priceAs === undefined ? names : { ...names, priceAs: upstream.priceAs }),
    ...(upstream === undefined ? {} : { provider: upstream.provider }),
  };
};

const fallbackSkusOf = (config: WeirConfig, { route, api, model }: PricedRequest): readonly Sku[] =>
  selectFallbacks(config, { route, api, model }).map((candidate) => toSku(config, model, candidate));

const skusOf = (config: WeirConfig, priced: PricedRequest): readonly Sku[] => {
  const { model, client } = priced;
  // Every variant counts, so it does not matter which one the request will get.
  const question = client === undefined ? priced : { ...priced, request: { id: '', client } };
  const selection = selectUpstreams(config, question);
  if (selection.outcome === 'rejected') return [{ models: [model] }];
  const own = selection.candidates.map((candidate) => toSku(config, model, candidate));
  return [...own, ...fallbackSkusOf(config, priced)];
};

const createPrice = (
  config: WeirConfig,
  book: PriceBook,
  { api, principal, at }: PricedRequest,
  skus: readonly Sku[],
): Omit<RequestPrice, 'atFallback'> => {
  const refusesUnpriced = config.pricing.onMissing === 'deny';
  // Only these requests may ask for parts of the prompt to be cached at a surcharge; which do is not known here.
  const caching = api === 'anthropic.messages' ? ({ cacheWrites: '5m' } as const) : {};
  const questionOf = (sku: Sku, inputTokens: number) => ({
    ...sku,
    ...caching,
    org: principal.org,
    at,
    inputTokens,
  });
  return {
    costOf: (inputTokens, outputTokens) => {
      let dearest = 0n;
      for (const sku of skus) {
        const estimate = estimateCostNano(book, { ...questionOf(sku, inputTokens), outputTokens });
        if (estimate.outcome === 'known') dearest = estimate.nano > dearest ? estimate.nano : dearest;
        else if (refusesUnpriced) return undefined;
      }
      return dearest;
    },
    outputFor: (nano, inputTokens) => {
      let fewest: number | undefined;
      for (const sku of skus) {
        const affordable = outputTokensForNano(book, { ...questionOf(sku, inputTokens), nano });
        if (affordable.outcome !== 'known') continue;
        fewest = Math.min(fewest ?? Number.MAX_SAFE_INTEGER, affordable.tokens);
      }
      return fewest;
    },
  };
};

/** The same prices that usage is rated by. A model without a price counts as free where the configuration allows it. */
export const createRequestPrice = (
  config: WeirConfig,
  book: PriceBook,
  request: PricedRequest,
): RequestPrice => ({
  ...createPrice(config, book, request, skusOf(config, request)),
  atFallback: () => {
    const skus = fallbackSkusOf(config, request);
    if (skus.length === 0) return undefined;
    const price: RequestPrice = { ...createPrice(config, book, request, skus), atFallback: () => price };
    return price;
  },
});
