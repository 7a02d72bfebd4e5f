import {
  createHoldNotices,
  createUsagePublisher,
  ensureStreams,
  type HoldNotices,
  type NatsBus,
  replySettings,
  type UsagePublisher,
} from '@weir/messaging';
import {
  connectMesh,
  createGrantSigner,
  type GrantSigner,
  loadGrantSecret,
  replicasOf,
  type ServiceContext,
  untilJetStream,
  watchConfig,
  watchPriceBooks,
} from '@weir/runtime';
import { type AttemptTable, createAttemptTable } from './attempt/attempt-table.ts';
import { createDrainLimit, type DrainLimit } from './core/drain-limit.ts';
import { createIngressWatch, type IngressWatch } from './core/ingress-watch.ts';
import { createLoadTracker, type LoadTracker } from './core/load-tracker.ts';
import { createOutcomeCounter, type OutcomeCounter } from './core/outcome-counter.ts';
import { createTargetOutcomes, type TargetOutcomes } from './core/target-outcomes.ts';
import { createTargetPaces, type TargetPaces } from './core/target-paces.ts';
import { createHealthChecks, type HealthChecks } from './health-checks.ts';
import { createLivePrices, type LivePrices } from './live-prices.ts';
import { createLiveUpstreams, type LiveUpstreams } from './live-upstreams.ts';
import { type AdapterSettings, parseSettings } from './settings.ts';
import { createQuestionClient } from './upstream/question-client.ts';

interface LoadListener {
  /** A target of a pool has room again. */
  freed(pool: string): void;
  /** The upstreams are those of another configuration. */
  applied(): void;
}

/** What the adapter is made of. */
export interface Parts {
  readonly settings: AdapterSettings;
  readonly bus: NatsBus;
  readonly bulk: NatsBus;
  readonly signer: GrantSigner;
  readonly usage: UsagePublisher;
  readonly load: LoadTracker;
  /** Whom to tell what load reports should say soon. */
  readonly listen: (listener: LoadListener) => void;
  readonly paces: TargetPaces;
  readonly targetOutcomes: TargetOutcomes;
  readonly checks: HealthChecks;
  readonly outcomes: OutcomeCounter;
  readonly holds: HoldNotices;
  readonly drains: DrainLimit;
  readonly table: AttemptTable;
  readonly ingresses: IngressWatch;
  readonly upstreams: LiveUpstreams;
  readonly prices: LivePrices;
}

/** A list of models has a few KB. */
const maxCheckAnswerBytes = 1_048_576;

/** Of the targets that are ours. */
const openChecks = (
  { logger, metrics, lifecycle }: ServiceContext,
  settings: AdapterSettings,
): HealthChecks => {
  const failures = metrics.counter('weir_health_check_failures_total', 'Health checks that failed.', [
    'upstream',
  ]);
  const client = createQuestionClient({ maxBytes: maxCheckAnswerBytes });
  const checks = createHealthChecks({
    client,
    covers: (pool, target) => (settings.pool ?? pool) === pool && (settings.target ?? target) === target,
    logger,
    onFailure: (upstream) => failures.inc({ upstream }),
    random: Math.random,
  });
  lifecycle.onShutdown('stop-intake', 'health checks', async () => {
    checks.close();
    await client.close();
  });
  return checks;
};

const openUpstreams = ({ env, logger }: ServiceContext, settings: AdapterSettings): LiveUpstreams =>
  createLiveUpstreams(env, logger, {
    serves: (pool) => (settings.pool ?? pool) === pool,
    // An attempt that has not called by then fails at its next look at the clock.
    lingerMs: settings.intentTimeoutMs + 1_000,
  });

export const openParts = async (context: ServiceContext): Promise<Parts> => {
  const { instance, logger, now } = context;
  const settings = parseSettings(context.env);
  const bus = await connectMesh(context, 'frames');
  const bulk = await connectMesh(context, 'bulk');
  const ledger = await connectMesh(context, 'usage');
  await untilJetStream(context, () => ensureStreams(ledger, { replicas: replicasOf(context) }));
  const signer = createGrantSigner(await loadGrantSecret(context, bus));
  const usage = createUsagePublisher({
    bus: ledger,
    ackTimeoutMs: 2_000,
    onRetry: (error) => logger.warn({ err: error }, 'usage events wait: JetStream does not acknowledge'),
  });
  const upstreams = openUpstreams(context, settings);
  const checks = openChecks(context, settings);
  const config = await watchConfig(context, bus);
  const prices = createLivePrices(await watchPriceBooks(context, bus), logger);
  const outcomes = createOutcomeCounter({ instance, epoch: now() });
  let told: LoadListener = { freed: () => undefined, applied: () => undefined };
  config.onChange((next) => {
    outcomes.configure(next);
    prices.apply(next.pricing);
    upstreams
      .apply(next)
      .then(() => {
        checks.apply(upstreams.all());
        told.applied();
      })
      .catch((error) => logger.error({ err: error }, 'upstreams not applied'));
  });
  return {
    settings,
    bus,
    bulk,
    signer,
    usage,
    load: createLoadTracker({
      instance,
      epoch: now(),
      capacity: settings.capacity,
      onFreed: (pool) => told.freed(pool),
    }),
    listen: (listener) => {
      told = listener;
    },
    paces: createTargetPaces(),
    targetOutcomes: createTargetOutcomes(),
    checks,
    outcomes,
    holds: createHoldNotices(bus),
    drains: createDrainLimit(settings.maxDrains),
    table: createAttemptTable(),
    ingresses: createIngressWatch(replySettings.silenceMs),
    upstreams,
    prices,
  };
};
