import { type TenantRecord, tenantEntry, type WeirConfig } from '@weir/contracts';
import type { FoundKey } from './known-key.ts';
import { noTeam } from './limit-scope.ts';
import {
  type ListedKey,
  type ListedOrg,
  type ListedTeam,
  type ListedTenant,
  listFileTenants,
  toListed,
} from './listed-tenant.ts';

/** Everybody who may call: tenants of the configuration file and records of bucket `weir_keys`, in one. */
export interface TenantDirectory {
  /** Replaces what the file before said. The file wins over a record of the same organisation, team or key. */
  applyConfig(config: Pick<WeirConfig, 'tenants'>): void;
  /**
   * One entry of the bucket; undefined when it was deleted. False when the same revision or a later one is known:
   * then nothing is changed. Records may come in any order.
   */
  applyRecord(entry: string, record: TenantRecord | undefined, revision: number): boolean;
  /** `sha256` of the key that the client sent, hex. */
  findKey(sha256: string, nowMs: number): FoundKey;
  org(org: string): ListedOrg | undefined;
  team(org: string, team: string): ListedTeam | undefined;
  key(org: string, id: string): ListedKey | undefined;
  /** In order of their names, deleted and revoked ones included. */
  listOrgs(): ListedOrg[];
  listTeams(org: string): ListedTeam[];
  listKeys(org: string): ListedKey[];
}

/** One secret of a key, and where to look for what it belongs to. */
interface Secret {
  readonly key: ListedKey;
  readonly entry: string;
  readonly orgEntry: string;
  /** Undefined: no team. */
  readonly teamEntry: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The last answer, and what it was made of. */
  found?: { readonly org: ListedOrg; readonly team: ListedTeam | undefined; readonly answer: FoundKey };
}

const unknownKey: FoundKey = { outcome: 'unknown' };
const revokedKey: FoundKey = { outcome: 'revoked' };

const toSecrets = (key: ListedKey): [sha256: string, secret: Secret][] => {
  const { org, team } = key;
  const places = {
    key,
    entry: tenantEntry(key),
    orgEntry: tenantEntry({ kind: 'org', org }),
    teamEntry: team === noTeam ? undefined : tenantEntry({ kind: 'team', org, team }),
  };
  const keyEnd = key.expiresAt ?? Number.POSITIVE_INFINITY;
  return key.secrets.map(({ sha256, expiresAt }) => [
    sha256,
    { ...places, expiresAt: Math.min(keyEnd, expiresAt ?? keyEnd) },
  ]);
};

const toFound = (key: ListedKey, org: ListedOrg, team: ListedTeam | undefined): FoundKey => {
  const tier = key.tier ?? org.tier;
  const all = team ? [org, team, key] : [org, key];
  return {
    outcome: 'found',
    key: {
      principal: { org: key.org, team: key.team, key: key.id, ...(tier === undefined ? {} : { tier }) },
      models: all.map(({ models }) => models),
      routes: all.map(({ routes }) => routes),
      rules: { org, team, key },
    },
  };
};

class Directory implements TenantDirectory {
  #file: ReadonlyMap<string, ListedTenant> = new Map();
  #fileSecrets: ReadonlyMap<string, Secret> = new Map();
  /** Deleted entries stay, without a record: an older revision must not bring them back. */
  readonly #records = new Map<
    string,
    { readonly revision: number; readonly tenant: ListedTenant | undefined }
  >();
  /** Nobody gives two keys one secret. If it happens, the first by name has it, whatever the order of arrival. */
  readonly #secrets = new Map<string, readonly Secret[]>();

  applyConfig(config: Pick<WeirConfig, 'tenants'>): void {
    this.#file = listFileTenants(config);
    this.#fileSecrets = new Map(
      [...this.#file.values()].flatMap((tenant) => (tenant.kind === 'key' ? toSecrets(tenant) : [])),
    );
  }

  applyRecord(entry: string, record: TenantRecord | undefined, revision: number): boolean {
    const current = this.#records.get(entry);
    if (current && revision <= current.revision) return false;
    const tenant = record && toListed(record, revision);
    this.#records.set(entry, { revision, tenant });
    if (current?.tenant?.kind === 'key') this.#removeSecrets(current.tenant);
    if (tenant?.kind === 'key') this.#addSecrets(tenant);
    return true;
  }

  findKey(sha256: string, nowMs: number): FoundKey {
    const secret = this.#secretOf(sha256);
    if (!secret) return unknownKey;
    const { key, teamEntry } = secret;
    const org = this.#find(secret.orgEntry) as ListedOrg | undefined;
    const team = teamEntry === undefined ? undefined : (this.#find(teamEntry) as ListedTeam | undefined);
    if (!org || (!team && teamEntry !== undefined)) return unknownKey;
    if ((key.revokedAt ?? org.deletedAt ?? team?.deletedAt) !== undefined) return revokedKey;
    if (secret.expiresAt <= nowMs) return { outcome: 'expired', expiredAt: secret.expiresAt };
    if (secret.found?.org !== org || secret.found.team !== team)
      secret.found = { org, team, answer: toFound(key, org, team) };
    return secret.found.answer;
  }

  // The front of an entry says what it is.
  org(org: string): ListedOrg | undefined {
    return this.#find(tenantEntry({ kind: 'org', org })) as ListedOrg | undefined;
  }

  team(org: string, team: string): ListedTeam | undefined {
    return this.#find(tenantEntry({ kind: 'team', org, team })) as ListedTeam | undefined;
  }

  key(org: string, id: string): ListedKey | undefined {
    return this.#find(tenantEntry({ kind: 'key', org, id })) as ListedKey | undefined;
  }

  listOrgs(): ListedOrg[] {
    return this.#list('org.') as ListedOrg[];
  }

  listTeams(org: string): ListedTeam[] {
    return this.#list(tenantEntry({ kind: 'team', org, team: '' })) as ListedTeam[];
  }

  listKeys(org: string): ListedKey[] {
    return this.#list(tenantEntry({ kind: 'key', org, id: '' })) as ListedKey[];
  }

  #find(entry: string): ListedTenant | undefined {
    return this.#file.get(entry) ?? this.#records.get(entry)?.tenant;
  }

  #list(front: string): ListedTenant[] {
    const entries = new Set([...this.#file.keys(), ...this.#records.keys()]);
    const wanted = [...entries].filter((entry) => entry.startsWith(front)).sort();
    return wanted.flatMap((entry) => this.#find(entry) ?? []);
  }

  #secretOf(sha256: string): Secret | undefined {
    const ofFile = this.#fileSecrets.get(sha256);
    if (ofFile) return ofFile;
    return this.#secrets.get(sha256)?.find(({ entry }) => !this.#file.has(entry));
  }

  #addSecrets(key: ListedKey): void {
    for (const [sha256, secret] of toSecrets(key)) {
      const others = this.#secrets.get(sha256);
      const all = others
        ? [...others, secret].sort((one, other) => (one.entry < other.entry ? -1 : 1))
        : [secret];
      this.#secrets.set(sha256, all);
    }
  }

  #removeSecrets(key: ListedKey): void {
    const ofKey = tenantEntry(key);
    for (const { sha256 } of key.secrets) {
      const others = this.#secrets.get(sha256)?.filter(({ entry }) => entry !== ofKey) ?? [];
      if (others.length === 0) this.#secrets.delete(sha256);
      else this.#secrets.set(sha256, others);
    }
  }
}

export const createTenantDirectory = (): TenantDirectory => new Directory();
