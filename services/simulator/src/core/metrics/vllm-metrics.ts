import type { EngineGauges } from '../engine/engine-state.ts';
import { Histogram } from './histogram.ts';

const firstTokenSeconds = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
  2560,
];
const tokenSeconds = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];
const requestSeconds = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];
const stepTokens = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384];

const createHistograms = () => ({
  firstToken: new Histogram('vllm:time_to_first_token_seconds', firstTokenSeconds),
  interToken: new Histogram('vllm:inter_token_latency_seconds', tokenSeconds),
  perOutputToken: new Histogram('vllm:time_per_output_token_seconds', tokenSeconds),
  endToEnd: new Histogram('vllm:e2e_request_latency_seconds', requestSeconds),
  queue: new Histogram('vllm:request_queue_time_seconds', requestSeconds),
  prefill: new Histogram('vllm:request_prefill_time_seconds', requestSeconds),
  decode: new Histogram('vllm:request_decode_time_seconds', requestSeconds),
  inference: new Histogram('vllm:request_inference_time_seconds', requestSeconds),
  iteration: new Histogram('vllm:iteration_tokens_total', stepTokens),
});

/** When the stages of a call ended, in milliseconds from its start. */
export interface CallTimes {
  readonly queueMs: number;
  readonly firstTokenMs: number;
  readonly totalMs: number;
  readonly completionTokens: number;
}

export type FinishedReason = 'stop' | 'length' | 'abort';

/** What the server adds to the worker's own gauges. */
export interface ServedCounts {
  readonly activeCalls: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface KvShape {
  readonly blocks: number;
  readonly blockTokens: number;
}

export interface VllmMetrics {
  /** Time since the token before. */
  observeToken(elapsedMs: number): void;
  observeStep(tokens: number): void;
  observeEnd(reason: FinishedReason, times: CallTimes | undefined): void;
  render(gauges: EngineGauges, kv: KvShape, served: ServedCounts): string;
}

const escapeLabel = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const writeSamples = (kind: 'counter' | 'gauge', labels: string, samples: Record<string, number>): string =>
  Object.entries(samples)
    .map(([name, value]) => `# TYPE ${name} ${kind}\n${name}{${labels}} ${value}`)
    .join('\n');

const listGauges = (gauges: EngineGauges, kv: KvShape, served: ServedCounts): Record<string, number> => ({
  'vllm:num_requests_running': gauges.running,
  'vllm:num_requests_waiting': gauges.waiting,
  'vllm:kv_cache_usage_perc': kv.blocks === 0 ? 0 : gauges.usedBlocks / kv.blocks,
  sim_true_pending_tokens: gauges.pendingTokens,
  sim_true_used_blocks: gauges.usedBlocks,
  sim_true_active_calls: served.activeCalls,
});

const listCounters = (gauges: EngineGauges, served: ServedCounts): Record<string, number> => ({
  'vllm:num_preemptions_total': gauges.preemptions,
  'vllm:prompt_tokens_total': served.promptTokens,
  'vllm:generation_tokens_total': served.completionTokens,
  'vllm:prefix_cache_queries_total': gauges.cacheQueries,
  'vllm:prefix_cache_hits_total': gauges.cacheHits,
});

export const createVllmMetrics = (model: string): VllmMetrics => {
  const histograms = createHistograms();
  const finished: Record<FinishedReason, number> = { stop: 0, length: 0, abort: 0 };
  const labels = `engine="0",model_name="${escapeLabel(model)}"`;
  const success = () =>
    Object.entries(finished).map(
      ([reason, count]) => `vllm:request_success_total{${labels},finished_reason="${reason}"} ${count}`,
    );
  return {
    observeToken: (elapsedMs) => histograms.interToken.observe(elapsedMs / 1000),
    observeStep: (tokens) => histograms.iteration.observe(tokens),
    observeEnd(reason, times) {
      finished[reason] += 1;
      if (times === undefined) return;
      const { queueMs, firstTokenMs, totalMs, completionTokens } = times;
      const decodeMs = totalMs - firstTokenMs;
      histograms.firstToken.observe(firstTokenMs / 1000);
      histograms.endToEnd.observe(totalMs / 1000);
      histograms.queue.observe(queueMs / 1000);
      histograms.prefill.observe((firstTokenMs - queueMs) / 1000);
      histograms.decode.observe(decodeMs / 1000);
      histograms.inference.observe((totalMs - queueMs) / 1000);
      if (completionTokens > 1) histograms.perOutputToken.observe(decodeMs / 1000 / (completionTokens - 1));
    },
    render(gauges, kv, served) {
      const shape = `block_size="${kv.blockTokens}",num_gpu_blocks="${kv.blocks}"`;
      const parts = [
        writeSamples('gauge', labels, listGauges(gauges, kv, served)),
        writeSamples('counter', labels, listCounters(gauges, served)),
        `# TYPE vllm:cache_config_info gauge\nvllm:cache_config_info{${labels},${shape}} 1`,
        '# TYPE vllm:request_success_total counter',
        ...success(),
        ...Object.values(histograms).map((histogram) => histogram.render(labels)),
      ];
      return `${parts.join('\n')}\n`;
    },
  };
};
