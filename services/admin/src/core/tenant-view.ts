import type { KeySecret } from '@weir/contracts';
import type { ListedKey, ListedOrg, ListedTeam } from '@weir/limits';

/** What the API shows of an organisation, a team or a key. Times are RFC 3339. */
export type TenantView = Readonly<Record<string, unknown>>;

/** Enough to tell secrets apart, too little to look one up by. */
const shownHashDigits = 12;

const optionalTime = (name: string, atMs: number | undefined): TenantView =>
  atMs === undefined ? {} : { [name]: new Date(atMs).toISOString() };

/** Who keeps it, and for what is kept here its revision and last change. */
const originView = ({
  source,
  revision,
  change,
}: Pick<ListedOrg, 'source' | 'revision' | 'change'>): TenantView => ({
  source,
  ...(source === 'file' ? {} : { revision }),
  ...(change === undefined ? {} : { change: { ...change, at: new Date(change.at).toISOString() } }),
});

export const toOwnerView = (listed: ListedOrg | ListedTeam): TenantView => {
  const { kind, org, deletedAt, source, revision, change, ...rest } = listed;
  return {
    org,
    ...(kind === 'team' ? { team: listed.team } : {}),
    status: deletedAt === undefined ? 'active' : 'deleted',
    ...rest,
    ...optionalTime('deletedAt', deletedAt),
    ...originView({ source, revision, change }),
  };
};

const secretView = ({ sha256, expiresAt }: KeySecret): TenantView => ({
  sha256: `${sha256.slice(0, shownHashDigits)}…`,
  ...optionalTime('expiresAt', expiresAt),
});

const keyStatus = ({ revokedAt, expiresAt }: ListedKey, nowMs: number): string => {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt !== undefined && expiresAt <= nowMs ? 'expired' : 'active';
};

export const toKeyView = (listed: ListedKey, nowMs: number): TenantView => {
  const {
    kind: _kind,
    org,
    team,
    id,
    secrets,
    createdAt,
    expiresAt,
    revokedAt,
    source,
    revision,
    change,
    ...rest
  } = listed;
  const isUsable = (secret: KeySecret): boolean => secret.expiresAt === undefined || secret.expiresAt > nowMs;
  return {
    id,
    org,
    team,
    status: keyStatus(listed, nowMs),
    ...rest,
    secrets: secrets.filter(isUsable).map(secretView),
    ...optionalTime('createdAt', createdAt),
    ...optionalTime('expiresAt', expiresAt),
    ...optionalTime('revokedAt', revokedAt),
    ...originView({ source, revision, change }),
  };
};
