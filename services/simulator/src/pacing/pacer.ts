import type { EngineGauges } from '../core/engine/engine-state.ts';
import type { KvShape } from '../core/metrics/vllm-metrics.ts';

/** One answer whose tokens are to be released in time. */
export interface Job {
  readonly promptTokens: number;
  /** At least 1. */
  readonly outputTokens: number;
  readonly priority: number;
  readonly texts: readonly string[];
  /** Used by the paced pacer only. */
  readonly pace: { readonly ttftMs: number; readonly itlMs: number };
  /** The job left the queue. */
  onAdmitted(): void;
  /** `generated` tokens exist now, in total. May be called before `start` returns. */
  onTokens(generated: number, cachedTokens: number): void;
}

export type Started =
  | { readonly outcome: 'started'; readonly cancel: () => void }
  | { readonly outcome: 'refused'; readonly reason: 'queue_full' | 'too_long' };

/** Decides when tokens exist. */
export interface Pacer {
  readonly kv: KvShape;
  start(job: Job): Started;
  gauges(): EngineGauges;
  /** Stops the timers; jobs that remain get no more tokens. */
  close(): void;
}

export const idleGauges: EngineGauges = {
  running: 0,
  waiting: 0,
  usedBlocks: 0,
  cachedBlocks: 0,
  pendingTokens: 0,
  preemptions: 0,
  cacheQueries: 0,
  cacheHits: 0,
};
