import type { EnvelopeMeta, Grant, Principal } from './envelope.ts';

/** What a grant is about: the fields of the request that nobody may change behind policy. */
export type GrantedRequest = Pick<EnvelopeMeta, 'id' | 'model' | 'api'>;

/** A grant before it is signed. */
export type GrantTerms = Omit<Grant, 'mac'>;

/**
 * The text that a grant's `mac` is over. A JSON array, because a model name is the client's own text and could
 * hold any separator. A change of the fields needs a new first element.
 */
export const grantText = (request: GrantedRequest, principal: Principal, terms: GrantTerms): string =>
  JSON.stringify([
    // The text of grants without the newest field is what services of the version before it expect.
    terms.fallback === undefined ? 'weir.grant.v2' : 'weir.grant.v3',
    request.id,
    principal.org,
    principal.team,
    principal.key,
    request.model,
    request.api,
    terms.expiresAt,
    terms.holds.map(({ id, amount }) => [id, amount]),
    terms.held ?? false,
    terms.outputCap ?? null,
    ...(terms.fallback === undefined ? [] : [terms.fallback]),
  ]);
