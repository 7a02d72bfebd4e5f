export { type BodyServer, bodyChunkBytes, createBodyServer, pullBody } from './body-transfer.ts';
export type { Bus, BusMessage, BusStatus, BusSubscription, RequestOutcome } from './bus.ts';
export { getOrCreate, putIfChanged, type WatchedValue, watchKey } from './config-bucket.ts';
export { withDeadline } from './deadline.ts';
export {
  type CommitResult,
  createGroupCommit,
  type GroupCommit,
  type GroupCommitOptions,
} from './group-commit.ts';
export { connectNatsBus, type NatsBus, type NatsBusOptions } from './nats-bus.ts';
export * from './reply.ts';
export { createReplyInbox, type ReplyInbox, type ReplyInboxOptions } from './reply-inbox.ts';
export { ensureStreams } from './streams.ts';
export { followUsage, type UsageConsumerOptions } from './usage-consumer.ts';
export { createUsagePublisher, type UsagePublisher, type UsagePublisherOptions } from './usage-publisher.ts';
