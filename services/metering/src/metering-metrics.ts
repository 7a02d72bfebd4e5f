import type { Metrics } from '@weir/runtime';
import type { TokenCounts } from './core/token-counts.ts';

export interface MeteringMetrics {
  countEvent(type: 'started' | 'final' | 'unknown', outcome: string): void;
  countTokens(model: string, added: TokenCounts): void;
  countAbandoned(intents: number): void;
}

export const createMeteringMetrics = (metrics: Metrics, openIntents: () => number): MeteringMetrics => {
  const events = metrics.counter('weir_metering_events_total', 'Usage events, by what they told.', [
    'type',
    'outcome',
  ]);
  const tokens = metrics.counter('weir_inference_tokens_total', 'Tokens of settled attempts.', [
    'model',
    'type',
  ]);
  const abandoned = metrics.counter(
    'weir_metering_abandoned_intents_total',
    'Intents that were never followed by an account.',
  );
  metrics.gauge(
    'weir_metering_open_intents',
    'Attempts that have begun and not been accounted for.',
    [],
    (gauge) => gauge.set(openIntents()),
  );
  /** Counters only go up: a correction downwards shows in the log and in the ledger. */
  const add = (model: string, type: 'input' | 'output', count: number | undefined): void => {
    if (count !== undefined && count > 0) tokens.inc({ model, type }, count);
  };
  return {
    countEvent: (type, outcome) => events.inc({ type, outcome }),
    countTokens: (model, added) => {
      add(model, 'input', added.input);
      add(model, 'output', added.output);
    },
    countAbandoned: (intents) => abandoned.inc(intents),
  };
};
