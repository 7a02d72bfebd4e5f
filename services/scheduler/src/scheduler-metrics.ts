import type { FallbackState } from '@weir/contracts';
import type { Metrics } from '@weir/runtime';
import { type HealthDetail, refusals } from './core/health/health-board.ts';
import { usualPriority } from './core/waiting/ticket.ts';

export interface SchedulerMetrics {
  /** `dispatched`, `delayed`, `queued`, `forwarded`, `malformed`, or the reason of a refusal. */
  countDecision(outcome: string): void;
  /** A request has waited for so long until it was placed. */
  observeWait(pool: string, waitedMs: number): void;
  countRetry(reason: string): void;
  countFallback(route: string, move: Pick<FallbackState, 'from' | 'reason'>, to: string): void;
  countBadReport(): void;
  countBadGossip(): void;
  countGossip(direction: 'sent' | 'heard', reservations: number): void;
  setUnheardPools(pools: number): void;
  observeHop(durationMs: number): void;
}

const hopBucketsSeconds = [25e-6, 50e-6, 1e-4, 25e-5, 5e-4, 1e-3, 5e-3, 25e-3, 0.1];

const waitBucketsSeconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

type Depths = Iterable<readonly [pool: string, depths: readonly number[]]>;

/** What waits is read when somebody asks: `upstreams` are all there are, so that none is missing where nothing waits. */
export const registerQueueDepth = (
  metrics: Metrics,
  upstreams: () => readonly string[],
  depths: () => Depths,
): void => {
  metrics.gauge(
    'weir_inference_queue_depth',
    'Requests that wait for a target with room.',
    ['upstream', 'priority'],
    (gauge) => {
      gauge.reset();
      for (const upstream of upstreams()) gauge.set({ upstream, priority: String(usualPriority) }, 0);
      for (const [upstream, counts] of depths()) {
        for (const [priority, count] of counts.entries()) {
          if (count > 0) gauge.set({ upstream, priority: String(priority) }, count);
        }
      }
    },
  );
};

/** How the places of all upstreams are, read when somebody asks, so that what is gone is not shown for ever. */
export const registerHealth = (
  metrics: Metrics,
  read: () => Iterable<readonly [upstream: string, details: readonly HealthDetail[]]>,
): void => {
  metrics.gauge(
    'weir_circuit_breaker_open',
    'Whether the circuit of a target is open, or half-open, for at least one adapter.',
    ['upstream', 'target'],
    (gauge) => {
      gauge.reset();
      for (const [upstream, details] of read()) {
        for (const { place } of details) gauge.set({ upstream, target: place.target }, 0);
        for (const { place, circuit } of details) {
          if (circuit !== 'closed') gauge.set({ upstream, target: place.target }, 1);
        }
      }
    },
  );
  metrics.gauge(
    'weir_target_refused',
    'Adapters by which a target is given nothing, by why.',
    ['upstream', 'target', 'reason'],
    (gauge) => {
      gauge.reset();
      for (const [upstream, details] of read()) {
        for (const { place, verdict } of details) {
          for (const reason of refusals) {
            const isWhy = verdict.outcome === 'refused' && verdict.reason === reason;
            gauge.inc({ upstream, target: place.target, reason }, isWhy ? 1 : 0);
          }
        }
      }
    },
  );
};

export const createSchedulerMetrics = (metrics: Metrics): SchedulerMetrics => {
  const decisions = metrics.counter(
    'weir_scheduler_decisions_total',
    'What became of each request: dispatched, delayed, queued, forwarded, or the reason of its refusal.',
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
  const latency = metrics.histogram(
    'weir_inference_latency_seconds',
    'Time that requests waited for a target with room (queue).',
    ['upstream', 'type'],
    waitBucketsSeconds,
  );
  return {
    countDecision: (outcome) => decisions.inc({ outcome }),
    countRetry: (reason) => retries.inc({ reason }),
    countFallback: (route, { from, reason }, to) => fallbacks.inc({ route, from, to, reason }),
    countBadReport: () => badReports.inc(),
    countBadGossip: () => badGossips.inc(),
    countGossip: (direction, reservations) => gossip.inc({ direction }, reservations),
    setUnheardPools: (pools) => unheard.set(pools),
    observeWait: (upstream, waitedMs) => latency.observe({ upstream, type: 'queue' }, waitedMs / 1_000),
    observeHop: (durationMs) => hops.observe(labels, durationMs / 1_000),
  };
};
