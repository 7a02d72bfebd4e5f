import type { RatedUsage } from '@weir/contracts';
import type { Metrics } from '@weir/runtime';
import type { AppliedEvent } from './core/ledger-unit.ts';

export interface MeteringMetrics {
  /** An event that is accounted for. */
  countApplied(applied: AppliedEvent): void;
  countRecord(model: string, record: RatedUsage): void;
  countCommit(): void;
  countReaped(intents: number): void;
  countAlert(outcome: 'stored' | 'already_stored'): void;
}

/** Read at each scrape. */
export interface LedgerGauges {
  readonly openIntents: () => number;
  /** Messages of USAGE that are not in the ledger yet. */
  readonly sourceLag: () => number;
  /** 1 where the ledger is written. */
  readonly active: () => boolean;
}

const nanosPerUnit = 1e9;

const createTokenCounters = (metrics: Metrics) => {
  const tokens = metrics.counter('weir_inference_tokens_total', 'Tokens of settled attempts.', [
    'model',
    'type',
  ]);
  const cost = metrics.counter('weir_inference_cost_total', 'What settled attempts are billed.', [
    'model',
    'currency',
  ]);
  /** Counters only go up: a correction downwards shows in the log and in the ledger. */
  return (model: string, { delta, rating }: RatedUsage): void => {
    if (delta.inputTokens > 0) tokens.inc({ model, type: 'input' }, delta.inputTokens);
    if (delta.outputTokens > 0) tokens.inc({ model, type: 'output' }, delta.outputTokens);
    const charged = Number(delta.chargeNano) / nanosPerUnit;
    if (charged > 0) cost.inc({ model, currency: rating.currency }, charged);
  };
};

const createEventCounters = (metrics: Metrics) => {
  const events = metrics.counter('weir_metering_events_total', 'Usage events, by what they told.', [
    'type',
    'outcome',
  ]);
  const duplicates = metrics.counter(
    'weir_ledger_duplicates_total',
    'Usage events that the ledger knew already, or knew better.',
  );
  const conflicts = metrics.counter(
    'weir_ledger_conflicts_total',
    'Usage events that came twice and did not say the same.',
  );
  const poison = metrics.counter('weir_ledger_poison_total', 'Usage events that could not be read.');
  return (applied: AppliedEvent): void => {
    switch (applied.outcome) {
      case 'opened':
        return events.inc({ type: 'started', outcome: 'opened' });
      case 'recorded': {
        const isFirst = applied.record.data.delta.previousRevision === undefined;
        return events.inc({ type: 'final', outcome: isFirst ? 'settled' : 'corrected' });
      }
      case 'duplicate':
        duplicates.inc();
        if (applied.conflict !== undefined) conflicts.inc();
        return events.inc({ type: applied.type, outcome: 'duplicate' });
      case 'poison':
        poison.inc();
        return events.inc({ type: 'unknown', outcome: 'poison' });
    }
  };
};

const registerGauges = (metrics: Metrics, gauges: LedgerGauges): void => {
  const gauge = (name: string, help: string, read: () => number): void => {
    metrics.gauge(name, help, [], (collected) => collected.set(read()));
  };
  gauge(
    'weir_metering_open_intents',
    'Attempts that have begun and not been accounted for.',
    gauges.openIntents,
  );
  gauge('weir_ledger_open_intents', 'Attempts without a record in the ledger.', gauges.openIntents);
  gauge('weir_ledger_source_lag', 'Messages of USAGE that are not in the ledger.', gauges.sourceLag);
  gauge('weir_ledger_active', '1 where the ledger is written, 0 on a replica that stands by.', () =>
    Number(gauges.active()),
  );
};

export const createMeteringMetrics = (metrics: Metrics, gauges: LedgerGauges): MeteringMetrics => {
  registerGauges(metrics, gauges);
  const countApplied = createEventCounters(metrics);
  const countTokens = createTokenCounters(metrics);
  const unpriced = metrics.counter('weir_ledger_unpriced_total', 'Records without a price.', ['status']);
  const commits = metrics.counter('weir_ledger_commits_total', 'Units that the ledger has taken.');
  const reaped = metrics.counter(
    'weir_metering_abandoned_intents_total',
    'Intents that were never followed by an account.',
  );
  const alerts = metrics.counter(
    'weir_inference_budget_alerts_total',
    'Thresholds of budgets that were reached.',
    ['outcome'],
  );
  return {
    countApplied,
    countRecord: (model, record) => {
      countTokens(model, record);
      const { status } = record.rating;
      if (status !== 'rated') unpriced.inc({ status });
    },
    countCommit: () => commits.inc(),
    countReaped: (intents) => reaped.inc(intents),
    countAlert: (outcome) => alerts.inc({ outcome }),
  };
};
