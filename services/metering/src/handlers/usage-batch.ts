import { type AttemptFinal, type UsageEvent, usageEventTypes } from '@weir/contracts';
import type { Logger } from '@weir/runtime';
import { readUsageEvent } from '../core/read-usage-event.ts';
import type { Settlement } from '../core/settlement.ts';
import { countTokens } from '../core/token-counts.ts';
import type { MeteringMetrics } from '../metering-metrics.ts';

export interface UsageBatchDependencies {
  readonly settlement: Pick<Settlement, 'apply'>;
  readonly metrics: Pick<MeteringMetrics, 'countEvent' | 'countTokens'>;
  readonly labelOf: (model: string) => string;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

const typeOf = ({ type }: UsageEvent): 'started' | 'final' =>
  type === usageEventTypes.started ? 'started' : 'final';

const toLogFields = (final: AttemptFinal) => {
  const { input, output } = countTokens(final.usage);
  return {
    requestId: final.requestId,
    attempt: final.attempt,
    run: final.run,
    revision: final.revision,
    org: final.org,
    team: final.team,
    key: final.key,
    model: final.modelRequested,
    upstream: final.upstream,
    inputTokens: input,
    outputTokens: output,
    quality: final.quality,
    outcome: final.outcome,
    totalMs: final.totalMs,
  };
};

/** A stored batch of usage events. Never throws: what cannot be read is counted and left behind. */
export const createUsageBatch = ({ settlement, metrics, labelOf, logger }: UsageBatchDependencies) => {
  const take = (value: unknown): void => {
    const read = readUsageEvent(value);
    if (read.outcome === 'poison') {
      metrics.countEvent('unknown', 'poison');
      logger.warn({ problem: read.problem }, 'usage event refused');
      return;
    }
    const settled = settlement.apply(read.event);
    metrics.countEvent(typeOf(read.event), settled.outcome);
    if (settled.outcome !== 'settled' && settled.outcome !== 'corrected') return;
    metrics.countTokens(labelOf(settled.final.modelRequested), settled.added);
    logger.info(toLogFields(settled.final), `usage ${settled.outcome}`);
  };
  return (events: readonly unknown[]): void => {
    for (const event of events) take(event);
  };
};
