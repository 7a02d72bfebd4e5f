import type { BudgetConfig, RateLimitConfig } from './config/limit-config.ts';

/** Who changed a record last, and why it looks as it does. Audit events are made of it. */
export interface RecordChange {
  /** Name of the admin credential. */
  readonly by: string;
  readonly action: 'created' | 'updated' | 'rotated' | 'revoked' | 'deleted';
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Request id of the admin call. */
  readonly request: string;
}

interface TenantRules {
  readonly rateLimits: readonly RateLimitConfig[];
  readonly budgets: readonly BudgetConfig[];
  /** Patterns of models and of routes that may be used. */
  readonly models: readonly string[];
  readonly routes: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly change: RecordChange;
}

/** An organisation managed at run time; entry `org.<org>` of bucket `weir_keys`. */
export interface OrgRecord extends TenantRules {
  readonly kind: 'org';
  readonly org: string;
  readonly tier?: string;
  /** Milliseconds since the epoch; from then on nobody of it may call. Absent: active. */
  readonly deletedAt?: number;
}

/** A team; entry `team.<org>.<team>`. */
export interface TeamRecord extends TenantRules {
  readonly kind: 'team';
  readonly org: string;
  readonly team: string;
  readonly deletedAt?: number;
}

/** A secret of a key, as its SHA-256. Two while one is being replaced by the other. */
export interface KeySecret {
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  /** Milliseconds since the epoch; refused from then on. Absent: never. */
  readonly expiresAt?: number;
}

/** An API key; entry `key.<org>.<id>`. A revoked one stays, so that no late write can bring it back. */
export interface KeyRecord extends TenantRules {
  readonly kind: 'key';
  readonly org: string;
  /** `_`: none. */
  readonly team: string;
  readonly id: string;
  readonly secrets: readonly KeySecret[];
  readonly tier?: string;
  /** Milliseconds since the epoch. Absent: never. */
  readonly expiresAt?: number;
  /** Milliseconds since the epoch. Absent: not revoked. */
  readonly revokedAt?: number;
  readonly createdAt: number;
}

export type TenantRecord = OrgRecord | TeamRecord | KeyRecord;

/** The entry of bucket `weir_keys` that a record is kept under. */
export const tenantEntry = (
  record:
    | Pick<OrgRecord, 'kind' | 'org'>
    | Pick<TeamRecord, 'kind' | 'org' | 'team'>
    | Pick<KeyRecord, 'kind' | 'org' | 'id'>,
): string => {
  if (record.kind === 'org') return `org.${record.org}`;
  return record.kind === 'team' ? `team.${record.org}.${record.team}` : `key.${record.org}.${record.id}`;
};
