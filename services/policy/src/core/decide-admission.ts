import type { EnvelopeMeta, Principal, RouteConfig, WireError } from '@weir/contracts';
import { type AppliedLimits, allowsValue, type FoundKey, type KnownKey } from '@weir/limits';
import type { ListedModel } from '@weir/routing';
import type { AdmissionIndex } from './admission-index.ts';

import type { RequestPrice } from './request-price.ts';

export type AdmissionRequest = Pick<
  EnvelopeMeta,
  'deadline' | 'receivedAt' | 'route' | 'api' | 'model' | 'features' | 'client'
>;

export type Admission =
  | {
      readonly outcome: 'admitted';
      readonly principal: Principal;
      readonly route: RouteConfig;
      /** Models that the caller may use and that have a name. Empty unless the request asks for them. */
      readonly models: readonly ListedModel[];
      /** Absent: no limit and no budget applies. */
      readonly limits?: { readonly applied: AppliedLimits; readonly price: RequestPrice };
    }
  | { readonly outcome: 'rejected'; readonly error: WireError };

const maxListed = 10;

/** Patterns of organisation, team and key: one of each list has to match. */
type Patterns = readonly (readonly string[])[];

const listOf = (patterns: Patterns): string => {
  const narrowing = patterns.filter((list) => !list.includes('*'));
  if (narrowing.some((list) => list.length === 0)) return 'none at all';
  return narrowing
    .map((list) => {
      const more = list.length > maxListed ? `, and ${list.length - maxListed} more` : '';
      return list.slice(0, maxListed).join(', ') + more;
    })
    .join('; and of these: ');
};

const quote = (text: string): string => JSON.stringify(text.slice(0, 100));

const reject = (error: WireError): Admission => ({
  outcome: 'rejected',
  error: { shouldRetry: false, ...error },
});

const noSuchRoute = (route: string): Admission => ({
  outcome: 'rejected',
  // The ingress matched it, so its configuration is newer than this one, by the time that the watch takes.
  error: {
    reason: 'no_config',
    message: `The route ${quote(route)} is not known to every part of the gateway yet. Try again in a moment.`,
    retryAfterMs: 1_000,
    resubmit: true,
  },
});

const missingKey: WireError = {
  reason: 'missing_key',
  message: 'No API key was sent. Send it as "Authorization: Bearer <key>" or as "x-api-key: <key>".',
};

const refuseKey = (found: Exclude<FoundKey, { outcome: 'found' }>): WireError => {
  if (found.outcome === 'expired') {
    const when = new Date(found.expiredAt).toISOString();
    return { reason: 'expired_key', message: `The API key expired at ${when}. Use a current one.` };
  }
  if (found.outcome === 'revoked') {
    return { reason: 'revoked_key', message: 'The API key was revoked. Use a current one.' };
  }
  return {
    reason: 'unknown_key',
    message: 'The API key is not known. Check that it is complete and that it was not revoked.',
  };
};

const modelNotAllowed = (model: string, known: KnownKey): WireError => {
  const named = model === '' ? 'a request that names no model' : `the model ${quote(model)}`;
  return {
    reason: 'model_not_allowed',
    message: `The API key may not be used for ${named}. Its models: ${listOf(known.models)}.`,
    param: 'model',
  };
};

const admit = (
  index: AdmissionIndex,
  request: AdmissionRequest,
  known: KnownKey,
  route: RouteConfig,
): Admission => {
  const { principal } = known;
  const admitted = { outcome: 'admitted' as const, principal, route };
  if (request.api === 'openai.models') {
    return { ...admitted, models: index.listedModels.filter(({ id }) => allowsValue(known.models, id)) };
  }
  const applied = index.limitsOf(known, route, request);
  if (applied.rateLimits.length === 0 && applied.budgets.length === 0) return { ...admitted, models: [] };
  const { api, model, features, client, receivedAt } = request;
  const price = index.priceOf({ route, api, model, principal, features, client, at: receivedAt });
  return { ...admitted, models: [], limits: { applied, price } };
};

/** Who calls, and may they? Reads nothing but its arguments. `now`: milliseconds since the epoch. */
export const decideAdmission = (index: AdmissionIndex, request: AdmissionRequest, now: number): Admission => {
  if (request.deadline <= now) {
    return reject({ reason: 'request_deadline', message: 'The deadline passed before the request began.' });
  }
  const route = index.routes.get(request.route);
  if (!route) return noSuchRoute(request.route);
  const { keySha256 } = request.client;
  if (route.authentication === 'none') return admit(index, request, index.anonymous, route);
  if (keySha256 === undefined) return reject(missingKey);
  const found = index.findKey(keySha256, now);
  if (found.outcome !== 'found') return reject(refuseKey(found));
  const known = found.key;
  if (!allowsValue(known.routes, route.name)) {
    return reject({
      reason: 'route_not_allowed',
      message: `The API key may not use the route ${quote(route.name)}. Its routes: ${listOf(known.routes)}.`,
    });
  }
  if (request.api !== 'openai.models' && !allowsValue(known.models, request.model)) {
    return reject(modelNotAllowed(request.model, known));
  }
  return admit(index, request, known, route);
};
