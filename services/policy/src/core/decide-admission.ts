import {
  type EnvelopeMeta,
  matchesSomePattern,
  type Principal,
  type RouteConfig,
  type WireError,
} from '@weir/contracts';
import type { AdmissionIndex, KnownKey } from './admission-index.ts';

export type AdmissionRequest = Pick<EnvelopeMeta, 'deadline' | 'route' | 'api' | 'model' | 'client'>;

export type Admission =
  | {
      readonly outcome: 'admitted';
      readonly principal: Principal;
      readonly route: RouteConfig;
      /** Patterns of the models that the caller may use. */
      readonly models: readonly string[];
    }
  | { readonly outcome: 'rejected'; readonly error: WireError };

const anonymous: KnownKey = {
  principal: { org: 'anonymous', team: '_', key: '_' },
  models: ['*'],
  routes: ['*'],
};

const maxListed = 10;

const listOf = (patterns: readonly string[]): string => {
  if (patterns.length === 0) return 'none at all';
  const more = patterns.length > maxListed ? `, and ${patterns.length - maxListed} more` : '';
  return patterns.slice(0, maxListed).join(', ') + more;
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

const unknownCaller = (keySha256: string | undefined): Admission =>
  keySha256 === undefined
    ? reject({
        reason: 'missing_key',
        message: 'No API key was sent. Send it as "Authorization: Bearer <key>" or as "x-api-key: <key>".',
      })
    : reject({
        reason: 'unknown_key',
        message: 'The API key is not known. Check that it is complete and that it was not revoked.',
      });

const modelNotAllowed = (model: string, known: KnownKey): Admission => {
  const named = model === '' ? 'a request that names no model' : `the model ${quote(model)}`;
  return reject({
    reason: 'model_not_allowed',
    message: `The API key may not be used for ${named}. Its models: ${listOf(known.models)}.`,
    param: 'model',
  });
};

/** Who calls, and may they? Reads nothing but its arguments. `now`: milliseconds since the epoch. */
export const decideAdmission = (index: AdmissionIndex, request: AdmissionRequest, now: number): Admission => {
  if (request.deadline <= now) {
    return reject({ reason: 'request_deadline', message: 'The deadline passed before the request began.' });
  }
  const route = index.routes.get(request.route);
  if (!route) return noSuchRoute(request.route);
  const { keySha256 } = request.client;
  const known = route.authentication === 'none' ? anonymous : index.keys.get(keySha256 ?? '');
  if (!known) return unknownCaller(keySha256);
  if (known.expiresAt !== undefined && known.expiresAt <= now) {
    const when = new Date(known.expiresAt).toISOString();
    return reject({ reason: 'expired_key', message: `The API key expired at ${when}. Use a current one.` });
  }
  if (!matchesSomePattern(known.routes, route.name)) {
    return reject({
      reason: 'route_not_allowed',
      message: `The API key may not use the route ${quote(route.name)}. Its routes: ${listOf(known.routes)}.`,
    });
  }
  // The list of models is filtered instead.
  if (request.api !== 'openai.models' && !matchesSomePattern(known.models, request.model)) {
    return modelNotAllowed(request.model, known);
  }
  return { outcome: 'admitted', principal: known.principal, route, models: known.models };
};
