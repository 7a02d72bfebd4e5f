import type { FallbackState } from '@weir/contracts';
import type { Metrics } from '@weir/runtime';

export interface SchedulerMetrics {
  /** `dispatched`, `delayed`, `malformed`, or the reason of a refusal. */
  countDecision(outcome: string): void;
  countRetry(reason: string): void;
  countFallback(route: string, move: Pick<FallbackState, 'from' | 'reason'>, to: string): void;
  countBadReport(): void;
  countBadGossip(): void;
  countGossip(direction: 'sent' | 'heard', reservations: number): void;
  setUnheardPools(pools: number): void;
  observeHop(durationMs: number): void;
}

const hopBucketsSeconds = [25e-6, 50e-6, 1e-4, 25e-5, 5e-4, 1e-3, 5e-3, 25e-3, 0.1];

export const createSchedulerMetrics = (metrics: Metrics): SchedulerMetrics => {
  const decisions = metrics.counter(
    'weir_scheduler_decisions_total',
    'What became of each request: dispatched, delayed, or the reason of its refusal.',
    ['outcome'],
  );
  const retries = metrics.counter(
    'weir_retry_total',
    'Attempts after the first, by why the one before failed.',
    ['reason'],
  );
  const fallbacks = metrics.counter(
    'weir_fallback_total',
    'Requests that went to a fallback upstream, by why they did.',
    ['route', 'from', 'to', 'reason'],
  );
  const badReports = metrics.counter(
    'weir_scheduler_bad_reports_total',
    'Load reports that could not be read.',
  );
  const badGossips = metrics.counter(
    'weir_scheduler_bad_gossip_total',
    'Messages of other schedulers that could not be read.',
  );
  const gossip = metrics.counter(
    'weir_scheduler_gossip_total',
    'Reservations that were told to other schedulers, and heard of them.',
    ['direction'],
  );
  const unheard = metrics.gauge(
    'weir_scheduler_unheard_pools',
    'Pools that are served by their last load reports, as no more come through.',
  );
  unheard.set(0);
  const hops = metrics.histogram(
    'weir_hop_duration_seconds',
    'Time from taking a request off the bus to handing it on.',
    ['hop'],
    hopBucketsSeconds,
  );
  const labels = { hop: 'scheduler' };
  metrics.gauge('weir_inference_queue_depth', 'Requests that wait for a target with room.').set(0);
  return {
    countDecision: (outcome) => decisions.inc({ outcome }),
    countRetry: (reason) => retries.inc({ reason }),
    countFallback: (route, { from, reason }, to) => fallbacks.inc({ route, from, to, reason }),
    countBadReport: () => badReports.inc(),
    countBadGossip: () => badGossips.inc(),
    countGossip: (direction, reservations) => gossip.inc({ direction }, reservations),
    setUnheardPools: (pools) => unheard.set(pools),
    observeHop: (durationMs) => hops.observe(labels, durationMs / 1_000),
  };
};
