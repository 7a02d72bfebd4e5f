import type { EngineReport } from '@weir/contracts';
import type { Metrics } from '@weir/runtime';

export interface EngineMetrics {
  /** `outcome`: `read`, `unknown` (no engine that is known), or why it failed. */
  countRead(upstream: string, outcome: string): void;
}

/** What is known of one engine now. */
export interface KnownEngine {
  readonly upstream: string;
  readonly target: string;
  readonly engine: EngineReport;
}

/** `known` is called at each scrape. What is not known has no sample. */
export const createEngineMetrics = (metrics: Metrics, known: () => Iterable<KnownEngine>): EngineMetrics => {
  const reads = metrics.counter(
    'weir_engine_metrics_reads_total',
    'Questions for the load of engines, by what came of them.',
    ['upstream', 'outcome'],
  );
  metrics.gauge(
    'weir_engine_kv_usage_ratio',
    'Share of the KV cache in use, as the engine says.',
    ['upstream', 'target'],
    (gauge) => {
      gauge.reset();
      for (const { upstream, target, engine } of known()) {
        if (engine.kvUsage !== undefined) gauge.set({ upstream, target }, engine.kvUsage);
      }
    },
  );
  metrics.gauge(
    'weir_engine_requests',
    'Requests running and waiting in the engine, as it says.',
    ['upstream', 'target', 'state'],
    (gauge) => {
      gauge.reset();
      for (const { upstream, target, engine } of known()) {
        if (engine.running !== undefined) gauge.set({ upstream, target, state: 'running' }, engine.running);
        if (engine.waiting !== undefined) gauge.set({ upstream, target, state: 'waiting' }, engine.waiting);
      }
    },
  );
  return { countRead: (upstream, outcome) => reads.inc({ upstream, outcome }) };
};
