export const engines = ['vllm', 'sglang', 'tgi', 'llamacpp'] as const;

/** An inference server whose metrics are known. */
export type Engine = (typeof engines)[number];

export interface EngineNames {
  /** Gauges of the requests that are being computed. Of several names, the first that is there counts. */
  readonly running: readonly string[];
  /** Gauges of the requests that wait for that. */
  readonly waiting: readonly string[];
  /** Gauges of the share of the KV cache that is in use, 0 to 1. */
  readonly kvUsage: readonly string[];
}

/** The newer name first: versions in between show both. */
export const engineNames: Readonly<Record<Engine, EngineNames>> = {
  // https://docs.vllm.ai/en/stable/usage/metrics/ ; gpu_cache_usage_perc is the name until V1.
  vllm: {
    running: ['vllm:num_requests_running'],
    waiting: ['vllm:num_requests_waiting'],
    kvUsage: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
  },
  // https://docs.sglang.io/references/production_metrics.html ; some releases write an underscore for the colon.
  sglang: {
    running: ['sglang:num_running_reqs', 'sglang_num_running_reqs'],
    waiting: ['sglang:num_queue_reqs', 'sglang_num_queue_reqs'],
    kvUsage: ['sglang:token_usage', 'sglang_token_usage'],
  },
  // https://huggingface.co/docs/text-generation-inference/reference/metrics ; it says nothing of its KV cache.
  tgi: { running: ['tgi_batch_current_size'], waiting: ['tgi_queue_size'], kvUsage: [] },
  // https://github.com/ggml-org/llama.cpp/tree/master/tools/server ; builds since 2025 do not show the KV cache.
  llamacpp: {
    running: ['llamacpp:requests_processing'],
    waiting: ['llamacpp:requests_deferred'],
    kvUsage: ['llamacpp:kv_cache_usage_ratio'],
  },
};

export const wantedNames: ReadonlySet<string> = new Set(
  engines.flatMap((engine) => Object.values(engineNames[engine]).flat()),
);
