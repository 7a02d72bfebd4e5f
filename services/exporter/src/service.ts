import { setTimeout as delay } from 'node:timers/promises';
import { streams } from '@weir/contracts';
import {
  createLease,
  createLogPositions,
  createLogReader,
  createOncePublisher,
  ensureStreams,
  type LogReader,
  type NatsBus,
} from '@weir/messaging';
import {
  type Build,
  connectMesh,
  replicasOf,
  type ServiceContext,
  untilJetStream,
  watchConfig,
} from '@weir/runtime';
import { type Feed, feedsOf } from './core/feeds-of.ts';
import { readAlertEvent, readLedgerEvent } from './core/select-events.ts';
import { createDeadLetters } from './dead-letters.ts';
import { createExporterMetrics, type ExporterMetrics } from './exporter-metrics.ts';
import { createRunningFeeds, type FeedWork } from './running-feeds.ts';
import { readExporterSettings } from './settings.ts';
import { SinkLoop } from './sink-loop.ts';
import { openSink } from './sinks/open-sink.ts';

const publishTimeoutMs = 5_000;
/** A delivery under way may end. */
const stopTimeoutMs = 10_000;

interface Parts {
  readonly context: ServiceContext;
  readonly bus: NatsBus;
  readonly metrics: ExporterMetrics;
  readonly bury: ReturnType<typeof createDeadLetters>;
  readonly readers: Readonly<Record<Feed['source'], LogReader>>;
}

const pause = (pauseMs: number, signal: AbortSignal): Promise<void> =>
  // Rejects when it is cut short, which is no different from being over.
  delay(pauseMs, undefined, { signal }).catch(() => undefined);

const workOf = ({ context, bus, metrics, bury, readers }: Parts, feed: Feed): FeedWork => {
  const positions = createLogPositions(bus, { key: `sink.${feed.name}`, replicas: replicasOf(context) });
  const { env, now, logger } = context;
  return new SinkLoop({
    feed,
    stream: readers[feed.source],
    readMessage: feed.source === 'alerts' ? readAlertEvent : readLedgerEvent,
    open: () => openSink(feed.config, { env, now, positions }),
    bury,
    metrics: metrics.of(feed.name),
    logger,
    pause,
    random: Math.random,
  });
};

const openParts = async (context: ServiceContext): Promise<Parts> => {
  const bus = await connectMesh(context, 'ledger');
  await untilJetStream(context, () => ensureStreams(bus, { replicas: replicasOf(context) }));
  const onError = (error: unknown): void => context.logger.error({ err: error }, 'dead letters');
  return {
    context,
    bus,
    metrics: createExporterMetrics(context.metrics),
    bury: createDeadLetters(createOncePublisher(bus, publishTimeoutMs, onError)),
    readers: {
      usage: createLogReader(bus, streams.ledger),
      alerts: createLogReader(bus, streams.alerts),
    },
  };
};

/** Exporter: brings the ledger and its alerts to where the configuration says. */
export const build: Build = async (context) => {
  const { logger, lifecycle, instance } = context;
  const { leaseMs } = readExporterSettings(context.env);
  const parts = await openParts(context);
  const feeds = createRunningFeeds({
    leaseOf: (feed) =>
      createLease({
        bus: parts.bus,
        name: `sink.${feed.name}`,
        holder: instance,
        replicas: replicasOf(context),
        leaseMs,
      }),
    workOf: (feed) => workOf(parts, feed),
    onStart: ({ name }) => logger.info({ sink: name }, 'delivering to a sink'),
    onStop: ({ name }) => parts.metrics.forget(name),
    onError: (error, { name }) => logger.error({ err: error, sink: name }, 'sink'),
  });
  lifecycle.onShutdown('stop-intake', 'sinks', () => feeds.stop(), stopTimeoutMs);
  const config = await watchConfig(context, parts.bus);
  config.onChange((current) => void feeds.apply(feedsOf(current.exports)));
};
