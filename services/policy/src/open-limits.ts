import { setTimeout as delay } from 'node:timers/promises';
import { lastToken, queueGroups, streams, subjects } from '@weir/contracts';
import { type Checkpoint, checkpointPrefix, decodeCheckpoint } from '@weir/ledger';
import { createLogReader, followLog, type NatsBus, openCheckpointBucket } from '@weir/messaging';
import { replicasOf, type ServiceContext } from '@weir/runtime';
import type { BudgetWatch } from './core/budget-watch.ts';
import type { LimitStore } from './core/limit-store.ts';
import { createOutputHistory, type OutputHistory } from './core/output-history.ts';
import { createPeerCount } from './core/peer-count.ts';
import { createThrottle } from './core/throttle.ts';
import { createBudgetStatus } from './handlers/budget-status.ts';
import { createHoldMessages } from './handlers/hold-message.ts';
import { type LedgerProjection, startLedgerProjection } from './ledger-projection.ts';
import { createLimitGuard, type LimitGuard } from './limit-guard.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import type { PolicyMetrics } from './policy-metrics.ts';
import type { PolicySettings } from './settings.ts';
import { createMemoryStore } from './stores/memory-store.ts';
import { createRedisStore } from './stores/redis-store.ts';

const beatMs = 1_000;
const probeMs = 200;
/**
 * How long budgets count what a finished request held while its usage is on the way through the ledger: as long as an
 * outage of metering may take without budgets losing sight of what was used.
 */
const settleTtlMs = 15 * 60_000;
const refreshMs = 5_000;
/** As many as there are series of metrics. */
const maxRefreshed = 2_000;
/** An outage is told this often. */
const tellMs = 10_000;

interface Stores {
  readonly store: LimitStore;
  /** In this process. The same one where there is no other. */
  readonly fallback: LimitStore;
}

const openStores = async (context: ServiceContext, settings: PolicySettings): Promise<Stores> => {
  const { logger, now } = context;
  const fallback = createMemoryStore(now);
  if (settings.redisUrl === undefined) {
    logger.warn(
      'limits and budgets are kept in this process: set WEIR_REDIS_URL to run more than one policy',
    );
    return { store: fallback, fallback };
  }
  const isDue = createThrottle(tellMs);
  const store = await createRedisStore({
    url: settings.redisUrl,
    reserveTimeoutMs: settings.storeTimeoutMs,
    onConnectionError: (error) => {
      if (isDue(now())) logger.warn({ err: error }, 'the limit store cannot be reached');
    },
  });
  return { store, fallback };
};

/** Replicas hear each other, to know their share of a limit while the common store is away. */
const startBeats = (context: ServiceContext, bus: NatsBus): { count: () => number } => {
  const { instance, now, lifecycle, metrics } = context;
  const peers = createPeerCount(instance);
  const empty = new Uint8Array();
  const beat = (): void => bus.publish(subjects.policyBeat(instance), empty);
  bus.subscribe(subjects.policyBeats, ({ subject }) => {
    // A new one learns at once whom it shares with.
    if (peers.heard(lastToken(subject), now())) beat();
  });
  beat();
  const timer = setInterval(beat, beatMs);
  lifecycle.onShutdown('drain', 'policy beats', () => clearInterval(timer));
  metrics.gauge('weir_policy_replicas', 'Policies that share the limits, as this one knows.', [], (gauge) =>
    gauge.set(peers.count(now())),
  );
  return { count: () => peers.count(now()) };
};

const loadCheckpoint = async (context: ServiceContext, bus: NatsBus): Promise<Checkpoint | undefined> => {
  const bucket = await openCheckpointBucket(bus, { replicas: replicasOf(context) });
  const decoded = decodeCheckpoint(await bucket.load(checkpointPrefix));
  return decoded.outcome === 'read' ? decoded.checkpoint : undefined;
};

const follow = (
  context: ServiceContext,
  bus: NatsBus,
  store: LimitStore,
  history: OutputHistory | undefined,
): LedgerProjection => {
  const isDue = createThrottle(tellMs);
  return startLedgerProjection({
    store,
    follow: (options) => followLog({ bus, ...options }),
    openLedger: () => createLogReader(bus, streams.ledger),
    loadCheckpoint: () => loadCheckpoint(context, bus),
    ...(history === undefined
      ? {}
      : {
          onRecord: ({ modelRequested, usage }) => {
            if (usage.outputTotal !== undefined) history.add(modelRequested, usage.outputTotal);
          },
        }),
    onTrouble: (error) => {
      if (isDue(context.now()))
        context.logger.warn({ err: error }, 'the limit store does not follow the ledger');
    },
    pause: (durationMs, signal) => delay(durationMs, undefined, { signal }).catch(() => undefined),
  });
};

/** For the metrics: of budgets that nobody uses any more, the last answer tells what was held then. */
const refreshWatch = async (watch: BudgetWatch, store: LimitStore): Promise<void> => {
  const counters = [...watch.states()].slice(-maxRefreshed).map(([counter]) => counter);
  if (counters.length === 0) return;
  for (const { counter, ...now } of await store.read(counters)) watch.refresh(counter, now);
};

const startCare = (
  context: ServiceContext,
  guard: LimitGuard,
  stores: readonly LimitStore[],
  watch: BudgetWatch,
): void => {
  const { logger, lifecycle } = context;
  const onError = (error: unknown): void => logger.debug({ err: error }, 'limit store');
  const [store] = stores;
  const refresh = setInterval(() => {
    if (store) refreshWatch(watch, store).catch(onError);
  }, refreshMs);
  const probe = setInterval(() => guard.probe().catch(onError), probeMs);
  const sweep = setInterval(() => {
    for (const store of stores) store.sweep().catch(onError);
  }, beatMs);
  lifecycle.onShutdown('drain', 'limit store care', () => {
    clearInterval(refresh);
    clearInterval(probe);
    clearInterval(sweep);
  });
};

/** The common store always follows the ledger. What stands in for it does once some route may come to ask it. */
const startProjections = (
  context: ServiceContext,
  bus: NatsBus,
  { store, fallback }: Stores,
  history: OutputHistory,
  routesFailOpen: () => boolean,
): LedgerProjection => {
  const projection = follow(context, bus, store, history);
  let standIn: LedgerProjection | undefined;
  const look = (): void => {
    if (fallback !== store && routesFailOpen()) standIn ??= follow(context, bus, fallback, undefined);
  };
  const timer = setInterval(look, beatMs);
  context.lifecycle.onShutdown('drain', 'ledger projections', async () => {
    clearInterval(timer);
    await Promise.all([projection.stop(), standIn?.stop()]);
  });
  return projection;
};

export interface Limits {
  readonly limiter: Limiter;
}

/** Opens the limit store, keeps it in step with the ledger, and answers for it on the bus. */
export const openLimits = async (input: {
  readonly context: ServiceContext;
  readonly settings: PolicySettings;
  readonly bus: NatsBus;
  /** A connection of its own: what is read from streams must not wait behind admissions. */
  readonly logBus: NatsBus;
  readonly watch: BudgetWatch;
  readonly metrics: PolicyMetrics;
  /** Some route lets requests through while the store is away. */
  readonly routesFailOpen: () => boolean;
}): Promise<Limits> => {
  const { context, settings, bus, logBus, watch, metrics, routesFailOpen } = input;
  const { lifecycle, health, logger, now } = context;
  const opened = await openStores(context, settings);
  const { store, fallback } = opened;
  const stores = [...new Set([store, fallback])];
  const history = createOutputHistory();
  const peers = startBeats(context, bus);
  const guard = createLimitGuard({
    store,
    fallback,
    replicas: peers.count,
    now,
    onTrouble: (error) => logger.error({ err: error }, 'the limit store is away'),
  });
  context.metrics.gauge('weir_policy_limit_store_up', '0 while the limit store is away.', [], (gauge) =>
    gauge.set(guard.status() === true ? 1 : 0),
  );
  const projection = startProjections(context, logBus, opened, history, routesFailOpen);
  health.check('limits', () => projection.initialised || String(projection.status()));
  const { holdTtlMs } = settings;
  const queue = queueGroups.policy;
  const hearHolds = (of: LimitStore) =>
    createHoldMessages({
      store: of,
      ttlMs: holdTtlMs,
      settleTtlMs,
      onError: (error) => logger.debug({ err: error }, 'hold message'),
    });
  const heard = [
    bus.subscribe(subjects.holds, hearHolds(store), { queue }),
    // One replica tells the common store; what each gave away by itself, it alone knows.
    ...(fallback === store ? [] : [bus.subscribe(subjects.holds, hearHolds(fallback))]),
    bus.subscribe(subjects.budgets, createBudgetStatus({ store }), { queue }),
  ];
  lifecycle.onShutdown('stop-intake', 'hold messages', () => Promise.all(heard.map((one) => one.drain())));
  startCare(context, guard, stores, watch);
  lifecycle.onShutdown('final', 'limit store', async () => {
    await Promise.all(stores.map((one) => one.close()));
  });
  return { limiter: createLimiter({ guard, history, watch, metrics, holdTtlMs, now }) };
};
