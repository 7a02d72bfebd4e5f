import {
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  errorPacket,
  subjects,
  type WeirConfig,
  WeirError,
  type WireError,
  withAnswerHeaders,
} from '@weir/contracts';
import type { Bus, BusMessage, HoldNotices } from '@weir/messaging';
import type { Logger, Span, Tracer } from '@weir/runtime';
import { type PlannedAttempt, planAttempt, retryReasonOf } from '../core/plan-attempt.ts';
import type { PoolView } from '../core/pool-view.ts';
import { tooManyDelayed } from '../core/refusals.ts';
import type { RetryBudget } from '../core/retry-budget.ts';
import { toRunMeta } from '../core/run-meta.ts';
import type { Delays } from '../delays.ts';
import type { GossipWriter } from '../gossip-writer.ts';
import type { SchedulerMetrics } from '../scheduler-metrics.ts';
import { pauseTold } from '../told-pause.ts';

export interface ScheduleDependencies {
  readonly bus: Pick<Bus, 'publish'>;
  readonly holds: Pick<HoldNotices, 'release'>;
  /** Our own instance. */
  readonly self: string;
  /** Undefined until there is one. */
  readonly config: () => WeirConfig | undefined;
  readonly pools: Pick<PoolView, 'view' | 'isCurrent' | 'reserve'>;
  /** Hears of every attempt that is sent. */
  readonly gossip: Pick<GossipWriter, 'add'>;
  readonly turnOf: (pool: string) => number;
  readonly delays: Pick<Delays, 'add'>;
  readonly retries: RetryBudget;
  readonly metrics: SchedulerMetrics;
  readonly tracer: Tracer;
  readonly logger: Pick<Logger, 'error'>;
  readonly now: () => number;
  readonly random: () => number;
}

type Schedule = (message: Pick<BusMessage, 'data'>) => void;

const refuse = (
  { bus, holds, metrics }: ScheduleDependencies,
  { meta }: Envelope,
  error: WireError,
): WireError => {
  bus.publish(meta.replyTo, errorPacket(withAnswerHeaders(meta, error)));
  // What may come again keeps its hold: a release could overtake the second try. What came again keeps it, too:
  // the first try may be running.
  if (meta.grant?.held && !error.resubmit && meta.submission === 0) holds.release(meta.id);
  metrics.countDecision(error.reason);
  return error;
};

const dispatch = (
  { bus, self, pools, gossip, retries, metrics, now }: ScheduleDependencies,
  { meta, body }: Envelope,
  attempt: PlannedAttempt,
  trace: string | undefined,
): void => {
  const { instance, upstream, target, reservedTokens } = attempt;
  const booking = { pool: upstream, instance, target, tokens: reservedTokens };
  const number = pools.reserve(booking, now());
  const runMeta = toRunMeta(meta, attempt, { scheduler: self, dispatch: number }, trace);
  const hop = subjects.hop(self, instance, meta.ingress, meta.id);
  bus.publish(subjects.run(instance), encodeEnvelope(runMeta, body), hop);
  gossip.add({ ...booking, dispatch: number });
  metrics.countDecision('dispatched');
  if (attempt.number > 1) metrics.countRetry(retryReasonOf(attempt));
  else retries.count(meta.route, now());
  const { fallback } = attempt;
  if (fallback?.since === attempt.number) metrics.countFallback(meta.route, fallback, upstream);
};

const pauseRequest = (
  dependencies: ScheduleDependencies,
  envelope: Envelope,
  delayMs: number,
  run: (kept: Envelope) => void,
): WireError | undefined => {
  const { bus, delays, metrics } = dependencies;
  // The body is a view into a buffer that is used again: what waits needs its own.
  const kept: Envelope = { meta: envelope.meta, body: envelope.body.slice() };
  const refused = () => refuse(dependencies, kept, tooManyDelayed);
  const pause = { delayMs, replyTo: kept.meta.replyTo, run: () => run(kept), refused };
  if (!pauseTold(delays, bus, pause)) return refused();
  metrics.countDecision('delayed');
  return undefined;
};

/** `weir.v1.schedule`: sends a request to an adapter, at once or after a pause, or refuses it. */
export const createSchedule = (dependencies: ScheduleDependencies): Schedule => {
  const { config, pools, turnOf, retries, metrics, tracer, logger, now, random } = dependencies;

  const delay = (envelope: Envelope, delayMs: number): WireError | undefined =>
    pauseRequest(dependencies, envelope, delayMs, (kept) => schedule(kept, true));

  const decide = (envelope: Envelope, hasWaited: boolean, span: Span | undefined): WireError | undefined => {
    const at = now();
    const plan = planAttempt({
      config: config(),
      meta: envelope.meta,
      view: (pool) => pools.view(pool, at),
      isCurrent: (pool) => pools.isCurrent(pool, at),
      turnOf,
      hasWaited,
      spendRetry: (route, budget) => retries.spend(route, budget, at),
      now: at,
      random,
    });
    if (plan.outcome === 'rejected') return refuse(dependencies, envelope, plan.error);
    if (plan.outcome === 'delayed') return delay(envelope, plan.delayMs);
    dispatch(dependencies, envelope, plan.attempt, span?.traceparent);
    return undefined;
  };

  /** Whatever goes wrong in here, the client hears of it. */
  const decideOrFail = (...given: Parameters<typeof decide>): WireError | undefined => {
    try {
      return decide(...given);
    } catch (thrown) {
      const [envelope] = given;
      logger.error({ err: thrown, request: envelope.meta.id }, 'cannot schedule');
      return refuse(dependencies, envelope, WeirError.from(thrown).wire);
    }
  };

  const schedule = (envelope: Envelope, hasWaited: boolean): void => {
    const startedAt = performance.now();
    const { trace } = envelope.meta;
    const span = tracer.enabled
      ? tracer.start('scheduler schedule', { parent: trace, kind: 'consumer' })
      : undefined;
    const error = decideOrFail(envelope, hasWaited, span);
    span?.end({ error: error?.reason });
    metrics.observeHop(performance.now() - startedAt);
  };

  return ({ data }) => {
    const decoded = decodeEnvelope(data);
    if (decoded.outcome === 'malformed') metrics.countDecision('malformed');
    else schedule(decoded.envelope, false);
  };
};
