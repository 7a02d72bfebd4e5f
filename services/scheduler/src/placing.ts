import {
  type Envelope,
  encodeEnvelope,
  subjects,
  type WeirConfig,
  WeirError,
  type WireError,
} from '@weir/contracts';
import type { Bus } from '@weir/messaging';
import type { Logger } from '@weir/runtime';
import type { HealthBoard } from './core/health/health-board.ts';
import { type AttemptPlan, type PlannedAttempt, planAttempt, retryReasonOf } from './core/plan-attempt.ts';
import type { PoolView } from './core/pool-view.ts';
import type { PrefixMemory } from './core/prefix-memory.ts';
import type { RetryBudget } from './core/retry-budget.ts';
import { toRunMeta } from './core/run-meta.ts';
import type { GossipWriter } from './gossip-writer.ts';
import type { Refuse } from './refuse.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';

export interface PlacingDependencies {
  readonly bus: Pick<Bus, 'publish'>;
  /** Our own instance. */
  readonly self: string;
  /** Undefined until there is one. */
  readonly config: () => WeirConfig | undefined;
  readonly pools: Pick<PoolView, 'view' | 'isCurrent' | 'reserve'>;
  readonly health: Pick<HealthBoard, 'verdict' | 'sent'>;
  /** Hears of every attempt that is sent. */
  readonly gossip: Pick<GossipWriter, 'add'>;
  readonly prefixes: PrefixMemory;
  readonly retries: RetryBudget;
  readonly turnOf: (pool: string) => number;
  /** Percent of a route's requests that its canary gets. */
  readonly canaryWeightOf: (route: string) => number;
  readonly refuse: Refuse;
  readonly metrics: Pick<SchedulerMetrics, 'countDecision' | 'countRetry' | 'countFallback'>;
  readonly logger: Pick<Logger, 'error'>;
  readonly now: () => number;
  readonly random: () => number;
}

export interface PlacingTerms {
  /** The backoff of this attempt has been waited for. */
  readonly hasWaited: boolean;
  /** Pools at which others wait for their turn. */
  readonly isGated: (pool: string) => boolean;
  /** traceparent for the adapter. Absent: the request's own stays. */
  readonly trace?: string | undefined;
}

export type Placed =
  | { readonly outcome: 'placed' }
  | { readonly outcome: 'refused'; readonly error: WireError }
  | Extract<AttemptPlan, { outcome: 'delayed' | 'saturated' }>;

/** Sends one request to an adapter, or refuses it, in one turn of the event loop: what is chosen is reserved. */
export interface Placing {
  place(envelope: Envelope, terms: PlacingTerms): Placed;
  /** The turn of a request that waits for a pool. One that has lost its last target waits for it to come back. */
  placeWaiting(envelope: Envelope, pool: string): Placed;
}

const never = (): boolean => false;

/** What a request that waits goes on waiting for. */
const maySoonBe: ReadonlySet<string> = new Set(['no_target', 'no_healthy_target']);

class Placer implements Placing {
  readonly #deps: PlacingDependencies;

  constructor(deps: PlacingDependencies) {
    this.#deps = deps;
  }

  place(envelope: Envelope, terms: PlacingTerms): Placed {
    return this.#orFail(envelope, () => this.#obey(envelope, this.#plan(envelope, terms), terms.trace));
  }

  placeWaiting(envelope: Envelope, pool: string): Placed {
    return this.#orFail(envelope, () => {
      const planned = this.#plan(envelope, { hasWaited: true, isGated: never }, pool);
      const isTargetGone = planned.outcome === 'rejected' && maySoonBe.has(planned.error.reason);
      if (isTargetGone) return { outcome: 'saturated', pool, queueTimeoutMs: undefined };
      return this.#obey(envelope, planned, undefined);
    });
  }

  #plan({ meta }: Envelope, { hasWaited, isGated }: PlacingTerms, waitsFor?: string): AttemptPlan {
    const { config, pools, health, prefixes, retries, turnOf, canaryWeightOf, now, random } = this.#deps;
    const at = now();
    return planAttempt({
      config: config(),
      meta,
      view: (pool) => pools.view(pool, at),
      isCurrent: (pool) => pools.isCurrent(pool, at),
      isGated,
      verdict: (pool, place) => health.verdict(pool, place, at),
      recall: (pool, sketch) => prefixes.recall(pool, sketch, at),
      turnOf,
      canaryWeightOf,
      hasWaited,
      ...(waitsFor === undefined ? {} : { waitsFor }),
      spendRetry: (route, budget) => retries.spend(route, budget, at),
      now: at,
      random,
    });
  }

  #obey(envelope: Envelope, planned: AttemptPlan, trace: string | undefined): Placed {
    if (planned.outcome === 'rejected') {
      return { outcome: 'refused', error: this.#deps.refuse(envelope.meta, planned.error) };
    }
    if (planned.outcome !== 'planned') return planned;
    this.#dispatch(envelope, planned.attempt, trace);
    return { outcome: 'placed' };
  }

  #dispatch({ meta, body }: Envelope, attempt: PlannedAttempt, trace: string | undefined): void {
    const { bus, self, pools, health, gossip, prefixes, retries, metrics, now } = this.#deps;
    const { instance, upstream, target, reservedTokens } = attempt;
    const booking = { pool: upstream, instance, target, tokens: reservedTokens };
    const at = now();
    const number = pools.reserve(booking, at);
    health.sent(upstream, attempt, at);
    prefixes.note(upstream, target, meta.features.prefixes ?? [], at);
    const runMeta = toRunMeta(meta, attempt, { scheduler: self, dispatch: number }, trace);
    const hop = subjects.hop(self, instance, meta.ingress, meta.id);
    bus.publish(subjects.run(instance), encodeEnvelope(runMeta, body), hop);
    gossip.add({ ...booking, dispatch: number });
    metrics.countDecision('dispatched');
    const { fallback } = attempt;
    if (fallback && !meta.attempt?.fallback) metrics.countFallback(meta.route, fallback, upstream);
    // One that was turned away goes elsewhere under its own number: it was counted.
    if (meta.attempt?.number === attempt.number) return;
    if (attempt.number > 1) metrics.countRetry(retryReasonOf(attempt));
    else retries.count(meta.route, at);
  }

  /** Whatever goes wrong in here, the client hears of it. */
  #orFail(envelope: Envelope, work: () => Placed): Placed {
    try {
      return work();
    } catch (thrown) {
      this.#deps.logger.error({ err: thrown, request: envelope.meta.id }, 'cannot schedule');
      return {
        outcome: 'refused',
        error: this.#deps.refuse(envelope.meta, WeirError.from(thrown).wire),
      };
    }
  }
}

export const createPlacing = (dependencies: PlacingDependencies): Placing => new Placer(dependencies);
