import type { CloudEvent, RecordChange, TenantRecord } from '@weir/contracts';

export const auditEventType = 'io.weir.audit.v1';

/** How far a bucket has been audited. Revisions mean nothing in a bucket of another epoch. */
export interface AuditMark {
  /** When the bucket was created, RFC 3339. */
  readonly epoch: string;
  readonly revision: number;
}

/** What was changed. */
export interface AuditSubject {
  readonly kind: TenantRecord['kind'] | 'book';
  /** `_`: it belongs to none. */
  readonly org: string;
  readonly team?: string;
  readonly key?: string;
  /** Name of the price book. */
  readonly book?: string;
  /** What stands there now; of secrets, how many there are. */
  readonly state: Readonly<Record<string, unknown>>;
}

/** What was changed, by whom, and what it is now. Hashes of secrets are not in it. */
export interface AuditData extends AuditSubject {
  readonly bucket: string;
  /** Revision of the bucket that the change made. */
  readonly revision: number;
  readonly action: RecordChange['action'];
  /** Name of the admin credential. */
  readonly by: string;
  /** Request id of the admin call. */
  readonly request: string;
  /** How far each bucket is audited with this event: where the trail is gone on with. */
  readonly reached: Readonly<Record<string, AuditMark>>;
}

export type AuditEvent = CloudEvent<typeof auditEventType, AuditData>;

/** One revision of a bucket. */
export interface AuditedChange {
  readonly bucket: string;
  readonly epoch: string;
  readonly revision: number;
  readonly change: RecordChange;
  readonly subject: AuditSubject;
}

/** Of changes that belong to no organisation. */
export const noOrg = '_';

const placeOf = (record: TenantRecord): Pick<AuditData, 'team' | 'key'> => {
  if (record.kind === 'org') return {};
  return record.kind === 'team' ? { team: record.team } : { team: record.team, key: record.id };
};

export const tenantSubject = (record: TenantRecord): AuditSubject => {
  const { kind, org, change: _change, ...rest } = record;
  const { secrets, ...state } = rest as { readonly secrets?: readonly unknown[] };
  return {
    kind,
    org,
    ...placeOf(record),
    state: { ...state, ...(secrets === undefined ? {} : { secrets: secrets.length }) },
  };
};

/** The id is made of the revision alone: whoever tells of a change tells of it under the same id. */
export const toAuditEvent = (
  source: string,
  audited: AuditedChange,
  reached: AuditData['reached'],
): AuditEvent => {
  const { bucket, revision, change, subject } = audited;
  return {
    specversion: '1.0',
    type: auditEventType,
    source,
    id: `${bucket}.${revision}`,
    subject: subject.org,
    time: new Date(change.at).toISOString(),
    datacontenttype: 'application/json',
    partitionkey: subject.org,
    data: {
      bucket,
      revision,
      ...subject,
      action: change.action,
      by: change.by,
      request: change.request,
      reached,
    },
  };
};
