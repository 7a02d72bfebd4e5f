import type { RatedUsage } from '@weir/contracts';
import { countTokens } from '@weir/ledger';
import type { Logger } from '@weir/runtime';
import type { MeteringMetrics } from '../metering-metrics.ts';
import type { AppendedUnit } from './run-ledger.ts';

export interface ReportDependencies {
  readonly metrics: MeteringMetrics;
  readonly labelOf: (model: string) => string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

const toLogFields = (record: RatedUsage) => {
  const { input, output } = countTokens(record.usage);
  return {
    requestId: record.requestId,
    attempt: record.attempt,
    run: record.run,
    revision: record.revision,
    org: record.org,
    team: record.team,
    key: record.key,
    model: record.modelRequested,
    upstream: record.upstream,
    inputTokens: input,
    outputTokens: output,
    quality: record.quality,
    outcome: record.outcome,
    totalMs: record.totalMs,
    chargeNano: record.rating.chargeNano,
    ...(record.rating.status === 'rated' ? {} : { rating: record.rating.status }),
  };
};

/** One log line for each record, and the metrics of everything that a unit covers. */
export const createUnitReport =
  ({ metrics, labelOf, logger }: ReportDependencies) =>
  ({ unit }: AppendedUnit): void => {
    metrics.countCommit();
    for (const applied of unit.applied) {
      metrics.countApplied(applied);
      if (applied.outcome === 'recorded') {
        const { data } = applied.record;
        metrics.countRecord(labelOf(data.modelRequested), data);
        const isFirst = data.delta.previousRevision === undefined;
        logger.info(toLogFields(data), isFirst ? 'usage settled' : 'usage corrected');
      } else if (applied.outcome === 'duplicate' && applied.conflict !== undefined) {
        logger.error({ id: applied.conflict }, 'a usage event came twice and did not say the same');
      } else if (applied.outcome === 'poison') {
        logger.error({ problem: applied.problem, upTo: unit.commit.to }, 'usage event refused');
      }
    }
  };
