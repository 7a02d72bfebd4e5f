import { queueGroups, subjects } from '@weir/contracts';
import { createHoldNotices, withDeadline } from '@weir/messaging';
import { type Build, connectMesh, type ServiceContext, watchConfig } from '@weir/runtime';
import { createDelays } from './delays.ts';
import { createHealthWatch } from './health-watch.ts';
import { openCanaries } from './open-canaries.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import {
  createSchedulerMetrics,
  registerHealth,
  registerQueueDepth,
  type SchedulerMetrics,
} from './scheduler-metrics.ts';
import { readSchedulerSettings } from './settings.ts';
import { createSilenceWatch } from './silence-watch.ts';

/** Other replicas know the load already: this one joins them when it does too, or after this time. */
const warmUpMs = 1_000;
const flushTimeoutMs = 2_000;
const gossipBeatMs = 1_000;
const silenceWatchMs = 500;
const healthWatchMs = 250;
/** Time-outs of the queue are kept to within this. */
const queueTickMs = 50;

/** What has to look at the clock. */
const startTimers = (context: ServiceContext, scheduler: Scheduler, metrics: SchedulerMetrics): void => {
  const { logger, now, lifecycle } = context;
  const { pools, health, room, beat } = scheduler;
  const guarded = (work: () => void) => () => {
    try {
      work();
    } catch (error) {
      logger.error({ err: error }, 'a timer of the scheduler failed');
    }
  };
  const watchSilence = createSilenceWatch({ pools, metrics, logger, now });
  const watchHealth = createHealthWatch({ health, logger, now });
  const timers = [
    setInterval(guarded(watchSilence), silenceWatchMs),
    setInterval(guarded(watchHealth), healthWatchMs),
    setInterval(guarded(beat), gossipBeatMs),
    setInterval(
      guarded(() => room.tick()),
      queueTickMs,
    ),
  ];
  lifecycle.onShutdown('stop-intake', 'timers', async () => {
    for (const timer of timers) clearInterval(timer);
  });
};

/** Scheduler: turns an admitted request into an attempt at one target. */
export const build: Build = async (context) => {
  const settings = readSchedulerSettings(context.env);
  const { instance: self, lifecycle } = context;
  const bus = await connectMesh(context, 'mesh');
  const metrics = createSchedulerMetrics(context.metrics);
  const delays = createDelays(settings.maxDelayed);
  const holds = createHoldNotices(bus);
  const heardOf = Promise.withResolvers<void>();

  const source = await watchConfig(context, bus);
  const canaries = await openCanaries(context, bus, source, settings.source);
  const scheduler = createScheduler({
    bus,
    holds,
    self,
    isNearby: (instance) => context.exchange?.takes(subjects.run(instance)) ?? false,
    config: () => source.current,
    canaryWeightOf: (route) => canaries.weightOf(route),
    delays,
    metrics,
    tracer: context.tracer,
    logger: context.logger,
    now: context.now,
    random: Math.random,
    atEndOfTurn: setImmediate,
    onReport: heardOf.resolve,
  });
  const upstreams = () => Object.keys(source.current?.upstreams ?? {});
  registerQueueDepth(context.metrics, upstreams, () => scheduler.room.depths());
  registerHealth(context.metrics, () => scheduler.health.all(context.now()));
  // Ahead of a request that comes back nearby, as it would be on the bus; that it is heard twice does no harm.
  bus.subscribe(subjects.loads, scheduler.onLoad, { nearby: 'also' });
  bus.subscribe(subjects.gossips, scheduler.onGossip);
  scheduler.beat();
  startTimers(context, scheduler, metrics);
  const configured = new Promise<void>((resolve) => source.onChange(() => resolve()));
  const warm = Promise.all([heardOf.promise, configured]);
  await withDeadline(warm, warmUpMs, 'the first load report').catch(() => undefined);

  bus.subscribe(subjects.hops(self), scheduler.onHop);
  bus.subscribe(subjects.controls(self), scheduler.onControl, { nearby: 'only' });
  const asked = bus.subscribe(subjects.targets, scheduler.onTargets, { queue: queueGroups.scheduler });
  const forwarded = bus.subscribe(subjects.queue(self), scheduler.onForwarded, { nearby: 'only' });
  const intake = bus.subscribe(subjects.schedule, scheduler.onRequest, {
    queue: queueGroups.scheduler,
    nearby: 'only',
  });
  lifecycle.onShutdown('stop-intake', 'requests', async () => {
    scheduler.leave();
    await Promise.all([intake.drain(), forwarded.drain(), asked.drain()]);
    scheduler.room.close();
    delays.flush();
    holds.flush();
    await bus.flush(flushTimeoutMs);
  });
};
