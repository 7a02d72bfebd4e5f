import { buckets, subjects } from '@weir/contracts';
import {
  createLease,
  createStreamPublisher,
  type EntryWriter,
  type NatsBus,
  openEntryWriter,
  watchBucket,
  withDeadline,
} from '@weir/messaging';
import { type ConfigSource, replicasOf, type ServiceContext, untilJetStream } from '@weir/runtime';
import { type CanaryEvents, createCanaryEvents } from './canary-events.ts';
import { type CanaryKeeper, createCanaryKeeper } from './canary-keeper.ts';
import { type CanaryBoard, createCanaryBoard } from './core/canary/canary-board.ts';
import { createOutcomeReport } from './handlers/outcome-report.ts';

const judgeMs = 500;
const storeTimeoutMs = 2_000;
const publishTimeoutMs = 5_000;
/** Shorter than the time for which the stream knows an event that it has: a restart tells none twice. */
const recentMs = 300_000;

/** Creates the bucket only where something has to be stored. */
const openWriter = (bus: NatsBus, replicas: number): (() => Promise<EntryWriter>) => {
  let opened: EntryWriter | undefined;
  return async () => {
    const work = async (): Promise<EntryWriter> =>
      (opened ??= await openEntryWriter(bus, { bucket: buckets.traffic, replicas }));
    const writer = await withDeadline(work(), storeTimeoutMs, 'bucket of canaries');
    return {
      put: (...entry) => withDeadline(writer.put(...entry), storeTimeoutMs, 'state of a canary'),
    };
  };
};

const openKeeper = (
  { instance, lifecycle, logger, metrics, now }: ServiceContext,
  bus: NatsBus,
  board: CanaryBoard,
  replicas: number,
): CanaryKeeper => {
  const rollbacks = metrics.counter('weir_canary_rollbacks_total', 'Canaries that were rolled back.', [
    'route',
    'reason',
  ]);
  metrics.gauge('weir_canary_weight', 'Percent of the requests that a canary gets.', ['route'], (gauge) => {
    gauge.reset();
    for (const [route, weight] of board.weights()) gauge.set({ route }, weight);
  });
  const lease = createLease({ bus, name: 'canaries', holder: instance, replicas });
  const keeper = createCanaryKeeper({
    board,
    lease,
    writer: openWriter(bus, replicas),
    logger,
    countRollback: (route, reason) => rollbacks.inc({ route, reason }),
    now,
    signal: lifecycle.stopSignal,
  });
  const judging = setInterval(() => void keeper.tick(), judgeMs);
  lifecycle.onShutdown('stop-intake', 'canaries', async () => {
    clearInterval(judging);
    await lease.release();
  });
  return keeper;
};

const openEvents = ({ logger, lifecycle }: ServiceContext, bus: NatsBus, source: string): CanaryEvents => {
  const onTrouble = (error: unknown): void => logger.warn({ err: error }, 'events of canaries wait');
  return createCanaryEvents({
    publish: createStreamPublisher(bus, publishTimeoutMs, onTrouble),
    source,
    onTrouble,
    signal: lifecycle.stopSignal,
  });
};

/** Follows the canaries of all routes, and judges them while the lease is ours. Resolves when their state is known. */
export const openCanaries = async (
  context: ServiceContext,
  bus: NatsBus,
  config: ConfigSource,
  source: string,
): Promise<Pick<CanaryBoard, 'weightOf'>> => {
  const { lifecycle, logger, now } = context;
  const replicas = replicasOf(context);
  const board = createCanaryBoard();
  config.onChange((next) => board.configure(next));
  const keeper = openKeeper(context, bus, board, replicas);
  const events = openEvents(context, bus, source);
  const onUnreadable = (what: string): void => logger.warn({ what }, 'not readable, and ignored');
  bus.subscribe(subjects.allOutcomes, createOutcomeReport({ board, onUnreadable, now }));
  const watch = await untilJetStream(context, () =>
    watchBucket(
      bus,
      { bucket: buckets.traffic, replicas },
      ({ key, value, revision }) => {
        const news = board.learn(key, value, revision);
        if (news === undefined) return;
        if (news === 'unreadable') return onUnreadable(`${buckets.traffic}/${key}`);
        keeper.changed(news);
        if (now() - news.state.since < recentMs) events.add(news.state, news.bucketRevision);
      },
      (error) => logger.warn({ err: error }, 'watch of canaries'),
    ),
  );
  lifecycle.onShutdown('disconnect', 'canaries', async () => watch.stop(), 1_000);
  return board;
};
