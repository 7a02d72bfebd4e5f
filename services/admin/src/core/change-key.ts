import type { AdminBody, KeyRecord } from '@weir/contracts';
import { type ListedKey, type ListedOrg, type ListedTeam, noTeam } from '@weir/limits';
import {
  type Cause,
  type Change,
  type Changeable,
  noRules,
  refuseOwner,
  refuseTaken,
  toChangeable,
  withField,
} from './change.ts';
import { type Refusal, refuse } from './refusal.ts';

const mostSecrets = 4;

interface KeyPlace {
  readonly org: string;
  readonly id: string;
}

const parseTime = (text: string | null | undefined): number | null | undefined =>
  typeof text === 'string' ? Date.parse(text) : text;

export const createKey = (
  org: string,
  found: {
    readonly org: ListedOrg | undefined;
    readonly team: ListedTeam | undefined;
    readonly key: ListedKey | undefined;
  },
  body: AdminBody<'createKey'>,
  sha256: string,
  cause: Cause,
): Change<KeyRecord> => {
  const { team = noTeam, expiresAt, ...rest } = body;
  const refusal = refuseOwner(org, found.org, team, found.team);
  if (refusal) return refusal;
  if (found.key) return refuseTaken(`The key ${body.id} of ${org}`, found.key);
  const record: KeyRecord = {
    ...noRules,
    ...rest,
    kind: 'key',
    org,
    team,
    secrets: [{ sha256 }],
    ...withField('expiresAt', parseTime(expiresAt), undefined),
    createdAt: cause.at,
    change: { ...cause, action: 'created' },
  };
  return { outcome: 'changed', record };
};

/** Records have always had it; what comes of the file has not, and is never changed here. */
const createdAtOf = ({ createdAt }: Changeable<ListedKey>): number => createdAt ?? 0;

const toChangeableKey = ({ org, id }: KeyPlace, found: ListedKey | undefined) =>
  toChangeable(`key ${id} of ${org}`, 'key_not_found', found);

const toLiveKey = (
  place: KeyPlace,
  found: ListedKey | undefined,
): { readonly outcome: 'changeable'; readonly current: Changeable<ListedKey> } | Refusal => {
  const changeable = toChangeableKey(place, found);
  if (changeable.outcome === 'refused' || changeable.current.revokedAt === undefined) return changeable;
  return refuse('is_revoked', `The key ${place.id} of ${place.org} is revoked for good: create another.`);
};

export const updateKey = (
  place: KeyPlace,
  found: ListedKey | undefined,
  body: AdminBody<'updateKey'>,
  cause: Cause,
): Change<KeyRecord> => {
  const changeable = toLiveKey(place, found);
  if (changeable.outcome === 'refused') return changeable;
  const { tier, expiresAt, ...rest } = changeable.current;
  const { tier: changedTier, expiresAt: changedExpiry, ...rules } = body;
  const record: KeyRecord = {
    ...rest,
    ...rules,
    createdAt: createdAtOf(rest),
    ...withField('tier', changedTier, tier),
    ...withField('expiresAt', parseTime(changedExpiry), expiresAt),
    change: { ...cause, action: 'updated' },
  };
  return { outcome: 'changed', record };
};

/** The secrets so far go on for `overlapMs`, or until they expire anyway. */
export const rotateKey = (
  place: KeyPlace,
  found: ListedKey | undefined,
  input: { readonly overlapMs: number; readonly sha256: string },
  cause: Cause,
): Change<KeyRecord> => {
  const changeable = toLiveKey(place, found);
  if (changeable.outcome === 'refused') return changeable;
  const { current } = changeable;
  const until = cause.at + input.overlapMs;
  const before = current.secrets
    .map((secret) => ({ ...secret, expiresAt: Math.min(secret.expiresAt ?? until, until) }))
    .filter(({ expiresAt }) => expiresAt > cause.at);
  if (before.length >= mostSecrets) {
    const why = `The key ${place.id} of ${place.org} has ${before.length} secrets in use already`;
    return refuse('too_many_secrets', `${why}: wait until one expires, or rotate without overlap.`);
  }
  const secrets = [...before, { sha256: input.sha256 }];
  const change = { ...cause, action: 'rotated' as const };
  return { outcome: 'changed', record: { ...current, createdAt: createdAtOf(current), secrets, change } };
};

/** The record stays, so that no late write can bring the key back. */
export const revokeKey = (place: KeyPlace, found: ListedKey | undefined, cause: Cause): Change<KeyRecord> => {
  const changeable = toChangeableKey(place, found);
  if (changeable.outcome === 'refused') return changeable;
  const { current } = changeable;
  if (current.revokedAt !== undefined) return { outcome: 'unchanged' };
  const change = { ...cause, action: 'revoked' as const };
  const record = { ...current, createdAt: createdAtOf(current), revokedAt: cause.at, change };
  return { outcome: 'changed', record };
};
