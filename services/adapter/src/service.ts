import { randomInt } from 'node:crypto';
import { subjects } from '@weir/contracts';
import { type HoldNotices, replySettings } from '@weir/messaging';
import { type Build, createTurnQueue, type ServiceContext } from '@weir/runtime';
import type { AttemptDeps } from './attempt/attempt-deps.ts';
import { createAttemptMetrics } from './attempt/attempt-metrics.ts';
import { type AttemptTable, heldRequests } from './attempt/attempt-table.ts';
import type { RunningAttempt } from './attempt/running-attempt.ts';
import type { IngressWatch } from './core/ingress-watch.ts';
import { createControlHandler } from './handlers/control.ts';
import { createNobodyHandler } from './handlers/nobody-schedules.ts';
import { createRunHandler } from './handlers/run-attempt.ts';
import { openLoadReporter } from './open-load-reporter.ts';
import { startOutcomeReports } from './outcome-reporter.ts';
import { openParts, type Parts } from './parts.ts';
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
  outcomes: parts.outcomes,
  targetOutcomes: parts.targetOutcomes,
  paces: parts.paces,
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
  const { bus, table, ingresses, settings, upstreams } = parts;
  let draining = false;
  registerGauges(context, parts);
  bus.subscribe(subjects.hops(instance), createNobodyHandler(bus));
  bus.subscribe(
    subjects.controls(instance),
    createControlHandler({ table, ingresses, now, confirmMs: 900 }),
    {
      nearby: 'only',
    },
  );
  const reporter = openLoadReporter(context, parts);
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
      reporter.reportNow(upstream);
    },
  });
  const intake = bus.subscribe(subjects.run(instance), run, { nearby: 'only' });
  startSweep(context, table, ingresses);
  startExtending(context, table, parts.holds);
  bus.onStatus((status) => {
    if (status === 'connected') setTimeout(() => pingAll(table), replySettings.reconnectPingMs);
  });
  reporter.report(stateNow());
  const beat = setInterval(() => reporter.report(stateNow()), settings.reportIntervalMs);
  startOutcomeReports(context, bus, parts.outcomes);
  registerShutdown(context, parts, async () => {
    draining = true;
    reporter.report('draining');
    await untilSchedulersKnow(settings.reportIntervalMs);
    await intake.drain();
  });
  lifecycle.onShutdown('drain', 'load reports', () => {
    clearInterval(beat);
    reporter.close();
  });
};

/** The ingresses then see at once which streams lost something while the bus was away. */
const pingAll = (table: AttemptTable): void => {
  for (const attempt of table.all()) attempt.ping();
};

/** Schedulers learn of the drain by the report; what they sent before it is still taken. */
const untilSchedulersKnow = (reportIntervalMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 2 * reportIntervalMs));
