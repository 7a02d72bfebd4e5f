import { buckets, type TenantRecord, tenantEntry } from '@weir/contracts';
import { tenantRecordSchema } from '@weir/contracts/schema';
import type { TenantDirectory } from '@weir/limits';
import { tenantSubject } from '../core/audit-event.ts';
import type { TakenEntry } from '../projections/bucket-projection.ts';
import type { AuditedBucket, Written } from './audited-bucket.ts';

/** Organisations, teams and keys: what there is, and how it is changed. */
export interface TenantStore {
  readonly directory: TenantDirectory;
  /** Writes over this revision and no other; 0: there must be none. */
  put(record: TenantRecord, expectedRevision: number): Promise<Written>;
}

export const tenantBucket = buckets.keys;

/** Reads an entry of the bucket into the directory. */
export const takeTenant = (directory: TenantDirectory, value: unknown, revision: number): TakenEntry => {
  const read = tenantRecordSchema.safeParse(value);
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return { outcome: 'unreadable', problem: problems.join('; ') };
  }
  const record = read.data as TenantRecord;
  directory.applyRecord(tenantEntry(record), record, revision);
  return { outcome: 'taken', audited: { change: record.change, subject: tenantSubject(record) } };
};

export const createTenantStore = (directory: TenantDirectory, bucket: AuditedBucket): TenantStore => ({
  directory,
  put: async (record, expectedRevision) => {
    tenantRecordSchema.parse(record);
    const entry = tenantEntry(record);
    const written = await bucket.put(entry, JSON.stringify(record), expectedRevision);
    // Whoever asks next sees what was just answered.
    if (written.outcome === 'written') directory.applyRecord(entry, record, written.revision);
    return written;
  },
});
