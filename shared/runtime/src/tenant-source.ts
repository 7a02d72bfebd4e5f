import { buckets, readTenantRecord, type TenantRecord } from '@weir/contracts';
import { type BucketEntry, type NatsBus, watchBucket } from '@weir/messaging';
import { replicasOf } from './config-source.ts';
import type { ServiceContext } from './service-context.ts';
import { untilJetStream } from './until-jetstream.ts';

export interface TenantListener {
  /** Every record that there is, then each change. Undefined: the entry was deleted. */
  readonly onRecord: (entry: string, record: TenantRecord | undefined, revision: number) => void;
  /** Once, when all records that there were at the beginning have been passed on. */
  readonly onReady?: () => void;
}

/**
 * Follows the organisations, teams and keys that are managed at run time. Resolves when all have been passed on.
 * A revision that cannot be read is reported, and the last good one stays in force.
 */
export const watchTenantRecords = async (
  context: ServiceContext,
  bus: NatsBus,
  listener: TenantListener,
): Promise<void> => {
  const { logger } = context;
  let ready = false;
  context.health.check('tenants', () => ready || 'the tenants have not been read yet');
  const take = ({ key, value, revision }: BucketEntry): void => {
    if (value === undefined) return listener.onRecord(key, undefined, revision);
    const read = readTenantRecord(key, value);
    if (read.outcome === 'read') return listener.onRecord(key, read.record, revision);
    logger.error({ entry: key, revision, problem: read.problem }, 'tenant record refused');
  };
  const onError = (error: unknown): void => logger.error({ err: error }, 'tenant watch');
  const target = { bucket: buckets.keys, replicas: replicasOf(context) };
  const watcher = await untilJetStream(context, () => watchBucket(bus, target, take, onError));
  context.lifecycle.onShutdown('disconnect', 'tenant watch', () => watcher.stop(), 1_000);
  ready = true;
  listener.onReady?.();
};
