import { buckets, type RouteConfig, type TenantRecord } from '@weir/contracts';
import { tenantRecordSchema } from '@weir/contracts/schema';
import { budgetLimitUnits, createTenantDirectory, findBudget, toPerMille } from '@weir/limits';
import { type BucketEntry, type NatsBus, watchBucket } from '@weir/messaging';
import { type ConfigSource, replicasOf, type ServiceContext } from '@weir/runtime';
import type { BudgetOf } from './core/threshold-alerts.ts';

export interface BudgetSource {
  readonly budgetOf: BudgetOf;
  stop(): void;
}

const readRecord = ({ value }: BucketEntry): TenantRecord | undefined =>
  value === undefined ? undefined : (tenantRecordSchema.parse(JSON.parse(value)) as TenantRecord);

/** Budgets of the configuration and of the tenants that are managed at run time. */
export const openBudgetSource = async (
  context: ServiceContext,
  bus: NatsBus,
  config: ConfigSource,
): Promise<BudgetSource> => {
  const directory = createTenantDirectory();
  let routes: ReadonlyMap<string, RouteConfig> = new Map();
  const target = { bucket: buckets.keys, replicas: replicasOf(context) };
  const watch = await watchBucket(
    bus,
    target,
    (entry) => void directory.applyRecord(entry.key, readRecord(entry), entry.revision),
    (error) => context.logger.error({ err: error }, 'tenant record refused'),
  );
  config.onChange((next) => {
    directory.applyConfig(next);
    routes = new Map(next.routes.map((route) => [route.name, route]));
  });
  return {
    budgetOf: (counter) => {
      const budget = findBudget(directory, routes, counter);
      return (
        budget && {
          limitUnits: budgetLimitUnits(budget.limit, counter.unit),
          thresholds: budget.alertThresholds.map(toPerMille),
        }
      );
    },
    stop: () => watch.stop(),
  };
};
