export {
  type BodyServer,
  bodyChunkBytes,
  createBodyServer,
  maxBodyChunkBytes,
  pullBody,
} from './body-transfer.ts';
export type { Bus, BusMessage, BusStatus, BusSubscription, RequestOutcome } from './bus.ts';
export { type CheckpointBucket, openCheckpointBucket } from './checkpoint-bucket.ts';
export { getOrCreate, putIfChanged, type WatchedValue, watchKey } from './config-bucket.ts';
export { withDeadline } from './deadline.ts';
export {
  type CommitResult,
  createGroupCommit,
  type GroupCommit,
  type GroupCommitOptions,
} from './group-commit.ts';
export { createHoldNotices, endHold, type HoldNotices } from './hold-notices.ts';
export { createLease, type Lease, type LeaseOptions } from './lease.ts';
export {
  type AppendOutcome,
  createLedgerPublisher,
  type LedgerMessage,
  type LedgerPublisher,
  maxUnitMessages,
} from './ledger-publisher.ts';
export { createLocalExchange, type LocalExchange } from './local-exchange.ts';
export { createLogPositions, type LogPosition, type LogPositions } from './log-position.ts';
export {
  createLogReader,
  type LogInfo,
  type LogMessage,
  type LogRead,
  type LogReader,
  type LogRequest,
  logBatchMessages,
} from './log-reader.ts';
export { followLog, type LogTail, type LogTailOptions } from './log-tail.ts';
export { connectNatsBus, type NatsBus, type NatsBusOptions } from './nats-bus.ts';
export { createOncePublisher, type OncePublisher } from './once-publisher.ts';
export { PassingMap } from './passing-map.ts';
export { type EntryWriter, openEntryWriter, type PutEntryOutcome } from './put-entry.ts';
export * from './reply.ts';
export { createReplyInbox, type ReplyInbox, type ReplyInboxOptions } from './reply-inbox.ts';
export { createStreamPublisher } from './stream-publisher.ts';
export type { StreamWeakness } from './stream-settings.ts';
export { ensureStreams, type StreamOptions } from './streams.ts';
export { createUsagePublisher, type UsagePublisher, type UsagePublisherOptions } from './usage-publisher.ts';
export { type BucketEntry, watchBucket } from './watch-bucket.ts';
