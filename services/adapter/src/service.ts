import { randomInt } from 'node:crypto';
import { subjects } from '@weir/contracts';
import { createUsagePublisher, ensureStreams, replySettings } from '@weir/messaging';
import {
  type Build,
  connectMesh,
  createGrantSigner,
  loadGrantSecret,
  replicasOf,
  type ServiceContext,
  watchConfig,
} from '@weir/runtime';
import { createAttemptMetrics } from './attempt/attempt-metrics.ts';
import { type AttemptTable, createAttemptTable } from './attempt/attempt-table.ts';
import { createIngressWatch, type IngressWatch } from './core/ingress-watch.ts';
import { createLoadTracker } from './core/load-tracker.ts';
import { createControlHandler } from './handlers/control.ts';
import { createNobodyHandler } from './handlers/nobody-schedules.ts';
import { createRunHandler } from './handlers/run-attempt.ts';
import { createLiveUpstreams } from './live-upstreams.ts';
import { createLoadReporter } from './load-reporter.ts';
import { parseSettings } from './settings.ts';
import { untilEmpty, untilStored } from './until-done.ts';

const sweepMs = 250;

const startSweep = (context: ServiceContext, table: AttemptTable, ingresses: IngressWatch): void => {
  const timer = setInterval(() => {
    const now = context.now();
    for (const attempt of table.all()) attempt.tick(now);
    const silent = new Set(ingresses.takeSilent(now));
    if (silent.size === 0) return;
    for (const attempt of table.all()) {
      if (silent.has(attempt.input.meta.ingress)) attempt.cancel('client_disconnected');
    }
  }, sweepMs);
  context.lifecycle.onShutdown('final', 'attempt sweep', () => clearInterval(timer));
};

/** The adapter: runs attempts at upstreams and relays their answers. */
export const build: Build = async (context) => {
  const { instance, lifecycle, logger, metrics, now } = context;
  const settings = parseSettings(context.env);
  const bus = await connectMesh(context, 'frames');
  const bulk = await connectMesh(context, 'bulk');
  const ledger = await connectMesh(context, 'usage');
  await ensureStreams(ledger, { replicas: replicasOf(context) });
  const signer = createGrantSigner(await loadGrantSecret(context, bus));
  const usage = createUsagePublisher({
    bus: ledger,
    ackTimeoutMs: 2_000,
    onRetry: (error) => logger.warn({ err: error }, 'usage events wait: JetStream does not acknowledge'),
  });
  const load = createLoadTracker({ instance, epoch: now(), capacity: settings.capacity });
  const table = createAttemptTable();
  const ingresses = createIngressWatch(replySettings.silenceMs);
  const upstreams = createLiveUpstreams(context.env, logger);
  const config = await watchConfig(context, bus);
  config.onChange((next) => {
    upstreams.apply(next).catch((error) => logger.error({ err: error }, 'upstreams not applied'));
  });
  let draining = false;

  metrics.gauge('weir_adapter_attempts', 'Attempts under way.', [], (gauge) => gauge.set(table.size));
  metrics.gauge('weir_usage_events_waiting', 'Usage events not yet stored.', [], (gauge) =>
    gauge.set(usage.pending),
  );
  metrics.gauge('weir_upstream_cx_active', 'Open connections by upstream.', ['upstream'], (gauge) => {
    for (const upstream of upstreams.all())
      gauge.set({ upstream: upstream.name }, upstream.client.connections());
  });

  bus.subscribe(subjects.hops(instance), createNobodyHandler(bus));
  bus.subscribe(subjects.controls(instance), createControlHandler({ table, ingresses, now, confirmMs: 900 }));
  const intake = bus.subscribe(
    subjects.run(instance),
    createRunHandler({
      attempt: {
        instance,
        source: settings.source,
        bus,
        bulk,
        usage,
        load,
        metrics: createAttemptMetrics(metrics),
        logger,
        tracer: context.tracer,
        now,
        newTag: () => randomInt(1, 2 ** 32),
        intentTimeoutMs: settings.intentTimeoutMs,
      },
      table,
      ingresses,
      signer,
      upstreamOf: (name) => upstreams.get(name),
      isDraining: () => draining,
      capacity: settings.capacity,
    }),
  );
  startSweep(context, table, ingresses);
  bus.onStatus((status) => {
    if (status === 'connected') setTimeout(() => pingAll(table), replySettings.reconnectPingMs);
  });

  const reporter = createLoadReporter({ bus, instance, load, upstreams, settings });
  const beat = setInterval(() => reporter.report(draining ? 'draining' : 'ready'), settings.reportIntervalMs);

  lifecycle.onShutdown('stop-intake', 'attempts', async () => {
    draining = true;
    reporter.report('draining');
    await untilSchedulersKnow(settings.reportIntervalMs);
    await intake.drain();
  });
  lifecycle.onShutdown('drain', 'usage events', () => untilStored(usage), 10_000);
  lifecycle.onShutdown(
    'drain',
    'attempts',
    () => untilEmpty(table, settings.drainTimeoutMs),
    settings.drainTimeoutMs + 2_000,
  );
  lifecycle.onShutdown('drain', 'load reports', () => clearInterval(beat));
  lifecycle.onShutdown('final', 'upstream connections', () => upstreams.close());
};

/** The ingresses then see at once which streams lost something while the bus was away. */
const pingAll = (table: AttemptTable): void => {
  for (const attempt of table.all()) attempt.ping();
};

/** Schedulers learn of the drain by the report; what they sent before it is still taken. */
const untilSchedulersKnow = (reportIntervalMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 2 * reportIntervalMs));
