import {
  type KeyRecord,
  type OrgRecord,
  type RecordChange,
  type TeamRecord,
  type TenantRecord,
  tenantEntry,
  type WeirConfig,
} from '@weir/contracts';
import { noTeam } from './limit-scope.ts';

interface Listed {
  /** The configuration file, or a record of bucket `weir_keys`. */
  readonly source: 'file' | 'runtime';
  /** Revision of the record; 0 for what the file says. */
  readonly revision: number;
  /** Undefined for what the file says. */
  readonly change: RecordChange | undefined;
}

export type ListedOrg = Omit<OrgRecord, 'change'> & Listed;
export type ListedTeam = Omit<TeamRecord, 'change'> & Listed;
export type ListedKey = Omit<KeyRecord, 'change' | 'createdAt'> &
  Listed & {
    /** Milliseconds since the epoch. Undefined for what the file says. */
    readonly createdAt: number | undefined;
  };

export type ListedTenant = ListedOrg | ListedTeam | ListedKey;

export const toListed = (record: TenantRecord, revision: number): ListedTenant => ({
  ...record,
  source: 'runtime',
  revision,
});

const ofFile = { source: 'file', revision: 0, change: undefined } as const;

/** Organisations, teams and keys of the configuration file, by the names that their records would have. */
export const listFileTenants = (config: Pick<WeirConfig, 'tenants'>): Map<string, ListedTenant> => {
  const listed = config.tenants.flatMap(({ keys, teams, ...rules }): ListedTenant[] => {
    const { org } = rules;
    const toKeys = (team: string, configs: typeof keys): ListedTenant[] =>
      configs.map(({ sha256, expiresAt, ...key }) => ({
        kind: 'key',
        org,
        team,
        ...key,
        secrets: [{ sha256 }],
        createdAt: undefined,
        ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }),
        ...ofFile,
      }));
    return [
      { kind: 'org', ...rules, ...ofFile },
      ...toKeys(noTeam, keys),
      ...teams.flatMap(({ keys: teamKeys, ...team }): ListedTenant[] => [
        { kind: 'team', org, ...team, ...ofFile },
        ...toKeys(team.team, teamKeys),
      ]),
    ];
  });
  return new Map(listed.map((one) => [tenantEntry(one), one]));
};
