import { createHash, timingSafeEqual } from 'node:crypto';
import { type Refusal, refuse } from '../core/refusal.ts';

/** Who may use the admin API. */
export interface Credential {
  /** Stands in the audit trail. */
  readonly name: string;
  /** SHA-256 of the token, 64 lower-case hex digits. */
  readonly sha256: string;
  /** `read`: may look at everything and change nothing. */
  readonly scope: 'all' | 'read';
}

export type Authentication =
  | { readonly outcome: 'known'; readonly name: string; readonly scope: Credential['scope'] }
  | Refusal;

export type Authenticate = (authorization: string | undefined) => Authentication;

const bearer = /^Bearer +(\S{1,512})$/i;

/** Every credential is compared, and in constant time: how long it takes says nothing of any of them. */
export const createAuthenticate = (credentials: readonly Credential[]): Authenticate => {
  const known = credentials.map((one) => ({ ...one, digest: Buffer.from(one.sha256, 'hex') }));
  return (authorization) => {
    const token = bearer.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      return refuse('missing_credential', 'Send the admin token as "authorization: Bearer <token>".');
    }
    const digest = createHash('sha256').update(token).digest();
    let found: Credential | undefined;
    for (const one of known) if (timingSafeEqual(one.digest, digest)) found = one;
    return found
      ? { outcome: 'known', name: found.name, scope: found.scope }
      : refuse('unknown_credential', 'The admin token is not known.');
  };
};
