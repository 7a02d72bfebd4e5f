import type { EnvelopeMeta, RouteConfig, WeirConfig } from '@weir/contracts';
import {
  type AppliedLimits,
  anonymousOrg,
  type KnownKey,
  noTeam,
  resolveLimits,
  type TenantDirectory,
} from '@weir/limits';
import type { PriceBook } from '@weir/pricing';
import { type ListedModel, listModels } from '@weir/routing';
import { createRequestPrice, type PricedRequest, type RequestPrice } from './request-price.ts';

/** Configuration, tenants and prices, arranged for one look-up a request. */
export interface AdmissionIndex {
  readonly routes: ReadonlyMap<string, RouteConfig>;
  /** Some route lets requests through while the limit store is away. */
  readonly failsOpen: boolean;
  /** Every model that has a name. */
  readonly listedModels: readonly ListedModel[];
  /** Who calls where no key is asked for. */
  readonly anonymous: KnownKey;
  readonly findKey: TenantDirectory['findKey'];
  limitsOf(
    known: KnownKey,
    route: RouteConfig,
    request: Pick<EnvelopeMeta, 'client' | 'receivedAt'>,
  ): AppliedLimits;
  priceOf(request: PricedRequest): RequestPrice;
}

export interface AdmissionSources {
  readonly config: WeirConfig;
  /** It changes by itself; what is looked up is always its present state. */
  readonly directory: TenantDirectory;
  readonly book: PriceBook;
  readonly sha256Hex: (text: string) => string;
}

const noRules = { rateLimits: [], budgets: [] };

const anonymous: KnownKey = {
  principal: { org: anonymousOrg, team: noTeam, key: '_' },
  models: [],
  routes: [],
  rules: { org: noRules, team: undefined, key: noRules },
};

export const buildAdmissionIndex = (sources: AdmissionSources): AdmissionIndex => {
  const { config, directory, book, sha256Hex } = sources;
  return {
    routes: new Map(config.routes.map((route) => [route.name, route])),
    failsOpen: config.routes.some(({ failureMode }) => failureMode === 'open'),
    listedModels: listModels(config, ['*']),
    anonymous,
    findKey: (sha256, now) => directory.findKey(sha256, now),
    // The arrival decides the period, so that a request that is submitted again is charged to the same one.
    limitsOf: ({ principal, rules }, route, { client, receivedAt }) =>
      resolveLimits({ principal, tenant: rules, route, client, nowMs: receivedAt, sha256Hex }),
    priceOf: (request) => createRequestPrice(config, book, request),
  };
};
