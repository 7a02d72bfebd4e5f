import { queueGroups, subjects } from '@weir/contracts';
import { type Bus, createHoldNotices, withDeadline } from '@weir/messaging';
import { type Build, connectMesh, type ServiceContext, watchConfig } from '@weir/runtime';
import { createPoolView, type PoolView } from './core/pool-view.ts';
import { createRetryBudget } from './core/retry-budget.ts';
import { createTurns } from './core/turns.ts';
import { createDelays } from './delays.ts';
import { createGossipWriter, type GossipWriter } from './gossip-writer.ts';
import { createGossip } from './handlers/gossip.ts';
import { createLoadReport } from './handlers/load-report.ts';
import { createNoAdapter } from './handlers/no-adapter.ts';
import { createSchedule } from './handlers/schedule.ts';
import { createSchedulerMetrics, type SchedulerMetrics } from './scheduler-metrics.ts';
import { readSchedulerSettings } from './settings.ts';
import { createSilenceWatch } from './silence-watch.ts';

/** Other replicas know the load already: this one joins them when it does too, or after this time. */
const warmUpMs = 1_000;
const flushTimeoutMs = 2_000;
const gossipBeatMs = 1_000;
const silenceWatchMs = 500;

const follow = (
  context: ServiceContext,
  bus: Bus,
  pools: PoolView,
  metrics: SchedulerMetrics,
): Promise<void> =>
  new Promise((resolve) => {
    const onLoad = createLoadReport({ pools, metrics, now: context.now, onReport: resolve });
    bus.subscribe(subjects.loads, onLoad);
  });

const watchSilence = (context: ServiceContext, pools: PoolView, metrics: SchedulerMetrics): void => {
  const { logger, now, lifecycle } = context;
  const watching = setInterval(createSilenceWatch({ pools, metrics, logger, now }), silenceWatchMs);
  lifecycle.onShutdown('stop-intake', 'silence', async () => clearInterval(watching));
};

/** Shares what is sent to adapters with the other replicas, and theirs with us. */
const gossipWith = (
  context: ServiceContext,
  bus: Bus,
  pools: PoolView,
  metrics: SchedulerMetrics,
): GossipWriter => {
  const { instance: self, now, lifecycle } = context;
  const writer = createGossipWriter({ bus, self, metrics, now, atEndOfTurn: setImmediate });
  bus.subscribe(subjects.gossips, createGossip({ self, pools, writer, metrics, now }));
  writer.beat();
  const beating = setInterval(writer.beat, gossipBeatMs);
  lifecycle.onShutdown('stop-intake', 'gossip', async () => clearInterval(beating));
  return writer;
};

/** Scheduler: turns an admitted request into an attempt at one target. */
export const build: Build = async (context) => {
  const settings = readSchedulerSettings(context.env);
  const bus = await connectMesh(context, 'mesh');
  const metrics = createSchedulerMetrics(context.metrics);
  const pools = createPoolView(context.instance);
  const delays = createDelays(settings.maxDelayed);

  watchSilence(context, pools, metrics);
  const firstReport = follow(context, bus, pools, metrics);
  const source = await watchConfig(context, bus);
  const configured = new Promise<void>((resolve) => source.onChange(() => resolve()));
  const warm = Promise.all([firstReport, configured]);
  await withDeadline(warm, warmUpMs, 'the first load report').catch(() => undefined);

  const holds = createHoldNotices(bus);
  const schedule = createSchedule({
    bus,
    holds,
    self: context.instance,
    config: () => source.current,
    pools,
    gossip: gossipWith(context, bus, pools, metrics),
    turnOf: createTurns().next,
    delays,
    retries: createRetryBudget(),
    metrics,
    tracer: context.tracer,
    logger: context.logger,
    now: context.now,
    random: Math.random,
  });
  bus.subscribe(subjects.hops(context.instance), createNoAdapter({ bus, pools, metrics }));
  const intake = bus.subscribe(subjects.schedule, schedule, { queue: queueGroups.scheduler });
  context.lifecycle.onShutdown('stop-intake', 'requests', async () => {
    await intake.drain();
    delays.flush();
    holds.flush();
    await bus.flush(flushTimeoutMs);
  });
};
