import { randomInt } from 'node:crypto';
import { subjects } from '@weir/contracts';
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
  type Build,
  connectMesh,
  createGrantSigner,
  createTurnQueue,
  type GrantSigner,
  loadGrantSecret,
  replicasOf,
  type ServiceContext,
  untilJetStream,
  watchConfig,
  watchPriceBooks,
} from '@weir/runtime';
import type { AttemptDeps } from './attempt/attempt-deps.ts';
import { createAttemptMetrics } from './attempt/attempt-metrics.ts';
import { type AttemptTable, createAttemptTable, heldRequests } from './attempt/attempt-table.ts';
import type { RunningAttempt } from './attempt/running-attempt.ts';
import { createDrainLimit, type DrainLimit } from './core/drain-limit.ts';
import { createIngressWatch, type IngressWatch } from './core/ingress-watch.ts';
import { createLoadTracker, type LoadTracker } from './core/load-tracker.ts';
import { createControlHandler } from './handlers/control.ts';
import { createNobodyHandler } from './handlers/nobody-schedules.ts';
import { createRunHandler } from './handlers/run-attempt.ts';
import { createLivePrices, type LivePrices } from './live-prices.ts';
import { createLiveUpstreams, type LiveUpstreams } from './live-upstreams.ts';
import { createLoadReporter } from './load-reporter.ts';
import { type AdapterSettings, parseSettings } from './settings.ts';
import { startEngineWatch } from './start-engine-watch.ts';
import { untilEmpty, untilStored } from './until-done.ts';

const sweepMs = 250;
/** Holds expire after a minute unless they are extended. */
const extendHoldsMs = 15_000;

/** What is thrown in a timer must cost one attempt only. */
const tickGuarded = ({ logger }: ServiceContext, attempt: RunningAttempt, now: number): void => {
  try {
    attempt.tick(now);
  } catch (error) {
    logger.error({ err: error, request: attempt.requestId }, 'attempt failed');
    attempt.cancel('bug');
  }
};

const startSweep = (context: ServiceContext, table: AttemptTable, ingresses: IngressWatch): void => {
  const timer = setInterval(() => {
    const now = context.now();
    for (const attempt of table.all()) tickGuarded(context, attempt, now);
    const silent = new Set(ingresses.takeSilent(now));
    if (silent.size === 0) return;
    for (const attempt of table.all()) {
      if (silent.has(attempt.input.meta.ingress)) attempt.cancel('client_disconnected');
    }
  }, sweepMs);
  context.lifecycle.onShutdown('final', 'attempt sweep', () => clearInterval(timer));
};

const startExtending = ({ lifecycle }: ServiceContext, table: AttemptTable, holds: HoldNotices): void => {
  const timer = setInterval(() => holds.extend(heldRequests(table.all())), extendHoldsMs);
  // Registered before the attempts, so that it closes after them.
  lifecycle.onShutdown('drain', 'holds', () => {
    clearInterval(timer);
    holds.flush();
  });
};

/** What the adapter is made of. */
interface Parts {
  readonly settings: AdapterSettings;
  readonly bus: NatsBus;
  readonly bulk: NatsBus;
  readonly signer: GrantSigner;
  readonly usage: UsagePublisher;
  readonly load: LoadTracker;
  readonly holds: HoldNotices;
  readonly drains: DrainLimit;
  readonly table: AttemptTable;
  readonly ingresses: IngressWatch;
  readonly upstreams: LiveUpstreams;
  readonly prices: LivePrices;
}

const openParts = async (context: ServiceContext): Promise<Parts> => {
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
  const upstreams = createLiveUpstreams(context.env, logger);
  const config = await watchConfig(context, bus);
  const prices = createLivePrices(await watchPriceBooks(context, bus), logger);
  config.onChange((next) => {
    prices.apply(next.pricing);
    upstreams.apply(next).catch((error) => logger.error({ err: error }, 'upstreams not applied'));
  });
  return {
    settings,
    bus,
    bulk,
    signer,
    usage,
    load: createLoadTracker({ instance, epoch: now(), capacity: settings.capacity }),
    holds: createHoldNotices(bus),
    drains: createDrainLimit(settings.maxDrains),
    table: createAttemptTable(),
    ingresses: createIngressWatch(replySettings.silenceMs),
    upstreams,
    prices,
  };
};

const registerGauges = ({ metrics }: ServiceContext, { table, usage, upstreams, drains }: Parts): void => {
  metrics.gauge('weir_adapter_attempts', 'Attempts under way.', [], (gauge) => gauge.set(table.size));
  metrics.gauge('weir_adapter_drains', 'Answers read to their end without a client.', [], (gauge) =>
    gauge.set(drains.size),
  );
  metrics.gauge('weir_usage_events_waiting', 'Usage events not yet stored.', [], (gauge) =>
    gauge.set(usage.pending),
  );
  metrics.gauge('weir_upstream_cx_active', 'Open connections by upstream.', ['upstream'], (gauge) => {
    for (const { name, client } of upstreams.all()) gauge.set({ upstream: name }, client.connections());
  });
};

const toAttemptDeps = (context: ServiceContext, parts: Parts): AttemptDeps => ({
  instance: context.instance,
  source: parts.settings.source,
  bus: parts.bus,
  bulk: parts.bulk,
  usage: parts.usage,
  rate: parts.prices.rate,
  load: parts.load,
  holds: parts.holds,
  drains: parts.drains,
  drainLimitMs: parts.settings.drainLimitMs,
  metrics: createAttemptMetrics(context.metrics),
  logger: context.logger,
  tracer: context.tracer,
  now: context.now,
  newTag: () => randomInt(1, 2 ** 32),
  intentTimeoutMs: parts.settings.intentTimeoutMs,
  later: createTurnQueue({
    perTurn: 64,
    onError: (error) => context.logger.error({ err: error }, 'account of an attempt failed'),
  }).add,
});

const registerShutdown = (
  { lifecycle }: ServiceContext,
  parts: Parts,
  stopIntake: () => Promise<void>,
): void => {
  const { drainTimeoutMs } = parts.settings;
  lifecycle.onShutdown('stop-intake', 'attempts', stopIntake);
  // The last registered is the first to close: attempts end, then their usage events are stored.
  lifecycle.onShutdown('drain', 'usage events', () => untilStored(parts.usage), 10_000);
  lifecycle.onShutdown(
    'drain',
    'attempts',
    () => untilEmpty(parts.table, drainTimeoutMs),
    drainTimeoutMs + 2_000,
  );
  lifecycle.onShutdown('final', 'upstream connections', () => parts.upstreams.close());
};

/** The adapter: runs attempts at upstreams and relays their answers. */
export const build: Build = async (context) => {
  const { instance, lifecycle, now } = context;
  const parts = await openParts(context);
  const { bus, table, ingresses, settings, upstreams, load } = parts;
  let draining = false;
  registerGauges(context, parts);
  bus.subscribe(subjects.hops(instance), createNobodyHandler(bus));
  bus.subscribe(subjects.controls(instance), createControlHandler({ table, ingresses, now, confirmMs: 900 }));
  const engines = startEngineWatch(context, upstreams, settings);
  const reporter = createLoadReporter({
    bus,
    instance,
    load,
    upstreams,
    settings,
    engineOf: (pool, target) => engines.of(pool, target),
    now,
  });
  const stateNow = () => (draining ? 'draining' : 'ready');
  const busy = context.metrics.counter(
    'weir_upstream_busy_total',
    'Requests that a target at its limit turned away, to another target.',
    ['upstream'],
  );
  const run = createRunHandler({
    attempt: toAttemptDeps(context, parts),
    table,
    ingresses,
    signer: parts.signer,
    upstreamOf: (name) => upstreams.get(name),
    isDraining: () => draining,
    capacity: settings.capacity,
    onBusy: (upstream) => {
      busy.inc({ upstream });
      reporter.reportNow(upstream, stateNow());
    },
  });
  const intake = bus.subscribe(subjects.run(instance), run);
  startSweep(context, table, ingresses);
  startExtending(context, table, parts.holds);
  bus.onStatus((status) => {
    if (status === 'connected') setTimeout(() => pingAll(table), replySettings.reconnectPingMs);
  });
  const beat = setInterval(() => reporter.report(stateNow()), settings.reportIntervalMs);
  registerShutdown(context, parts, async () => {
    draining = true;
    reporter.report('draining');
    await untilSchedulersKnow(settings.reportIntervalMs);
    await intake.drain();
  });
  lifecycle.onShutdown('drain', 'load reports', () => clearInterval(beat));
};

/** The ingresses then see at once which streams lost something while the bus was away. */
const pingAll = (table: AttemptTable): void => {
  for (const attempt of table.all()) attempt.ping();
};

/** Schedulers learn of the drain by the report; what they sent before it is still taken. */
const untilSchedulersKnow = (reportIntervalMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 2 * reportIntervalMs));
