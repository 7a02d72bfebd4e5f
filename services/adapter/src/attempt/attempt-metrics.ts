import type { Metrics } from '@weir/runtime';

export interface AttemptMetrics {
  answered(upstream: string, status: number): void;
  failed(upstream: string, reason: string): void;
  firstByte(upstream: string, milliseconds: number): void;
  ended(upstream: string, outcome: string, milliseconds: number): void;
  /** Lanes of the reported usage were more than its total. */
  contradicted(upstream: string, side: 'input' | 'output'): void;
}

const latencyBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export const createAttemptMetrics = (metrics: Metrics): AttemptMetrics => {
  const requests = metrics.counter('weir_upstream_rq_total', 'Answers of upstreams by class of status.', [
    'upstream',
    'code_class',
  ]);
  const failures = metrics.counter('weir_upstream_failures_total', 'Attempts that failed, by reason.', [
    'upstream',
    'reason',
  ]);
  const outcomes = metrics.counter('weir_attempts_total', 'Attempts that ended, by outcome.', [
    'upstream',
    'outcome',
  ]);
  const anomalies = metrics.counter(
    'weir_usage_anomalies_total',
    'Reported usage whose lanes exceed their total, by side.',
    ['upstream', 'side'],
  );
  const latency = metrics.histogram(
    'weir_inference_latency_seconds',
    'Time from the start of an attempt to its first byte (ttft) and to its end (total).',
    ['upstream', 'type'],
    latencyBuckets,
  );
  return {
    answered: (upstream, status) => requests.inc({ upstream, code_class: `${Math.floor(status / 100)}xx` }),
    failed: (upstream, reason) => failures.inc({ upstream, reason }),
    firstByte: (upstream, milliseconds) => latency.observe({ upstream, type: 'ttft' }, milliseconds / 1_000),
    contradicted: (upstream, side) => anomalies.inc({ upstream, side }),
    ended: (upstream, outcome, milliseconds) => {
      outcomes.inc({ upstream, outcome });
      latency.observe({ upstream, type: 'total' }, milliseconds / 1_000);
    },
  };
};
