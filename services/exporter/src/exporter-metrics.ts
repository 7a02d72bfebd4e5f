import type { Metrics } from '@weir/runtime';

/** What is counted of one sink. */
export interface SinkMetrics {
  delivered(events: number): void;
  failed(): void;
  recovered(): void;
  deadLetter(): void;
  /** Messages of the stream that the sink has not dealt with. */
  lag(messages: number): void;
}

export interface ExporterMetrics {
  /** Begins at zero, so that a sink that never works is seen. */
  of(sink: string): SinkMetrics;
  /** The sink runs here no longer: another replica counts. */
  forget(sink: string): void;
}

export const createExporterMetrics = (metrics: Metrics): ExporterMetrics => {
  const labels = ['sink'] as const;
  const delivered = metrics.counter('weir_export_delivered_total', 'Events that a sink has taken.', labels);
  const failures = metrics.counter(
    'weir_export_failures_total',
    'Deliveries that will be tried again.',
    labels,
  );
  const deadLetters = metrics.counter(
    'weir_export_dead_letters_total',
    'Events that a sink refused for good.',
    labels,
  );
  const lag = metrics.gauge('weir_export_lag', 'Messages that a sink has not dealt with.', labels);
  const degraded = metrics.gauge('weir_export_degraded', '1 while a sink takes nothing.', labels);
  return {
    of: (sink) => {
      for (const counter of [delivered, failures, deadLetters]) counter.inc({ sink }, 0);
      degraded.set({ sink }, 0);
      return {
        delivered: (events) => delivered.inc({ sink }, events),
        failed: () => {
          failures.inc({ sink });
          degraded.set({ sink }, 1);
        },
        recovered: () => degraded.set({ sink }, 0),
        deadLetter: () => deadLetters.inc({ sink }),
        lag: (messages) => lag.set({ sink }, messages),
      };
    },
    forget: (sink) => {
      lag.remove({ sink });
      degraded.remove({ sink });
    },
  };
};
