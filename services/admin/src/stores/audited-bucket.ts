import type { EntryWriter } from '@weir/messaging';
import type { Reached } from '../projections/reached.ts';

export type Written =
  | { readonly outcome: 'written'; readonly revision: number }
  | { readonly outcome: 'lost_race' }
  | { readonly outcome: 'busy'; readonly why: string };

/** A bucket whose every revision is in the audit trail. */
export interface AuditedBucket {
  put(key: string, value: string, expectedRevision: number): Promise<Written>;
}

const auditWaitMs = 2_000;

export const createAuditedBucket = (writer: EntryWriter, audited: Reached): AuditedBucket => ({
  put: async (key, value, expectedRevision) => {
    // The bucket forgets old revisions: none is written over before it is in the trail.
    if (!(await audited.until(expectedRevision, auditWaitMs))) {
      return { outcome: 'busy', why: 'The change before this one is not audited yet: try again.' };
    }
    return writer.put(key, value, expectedRevision);
  },
});
