export { type Charge, chargesOf, type SettleRecord, toSettleRecord } from './charges.ts';
export {
  type Checkpoint,
  type CheckpointChunk,
  type CheckpointSlot,
  checkpointPrefix,
  type DecodedCheckpoint,
  decodeCheckpoint,
  encodeCheckpoint,
} from './checkpoint.ts';
export { genesisHash, hashUnit, type Sha256 } from './hash-unit.ts';
export {
  type JoinedUsage,
  joinProviderUsage,
  type ProviderDay,
  type UpstreamUsage,
} from './provider-usage/join-provider-usage.ts';
export type { ProviderUsage } from './provider-usage/provider-usage.ts';
export { type ReadProviderUsage, readProviderUsage } from './provider-usage/read-provider-usage.ts';
export { type ReadLedgerMessage, readLedgerMessage } from './read-ledger-message.ts';
export {
  isTokenCount,
  maxClockSkewMs,
  type ReadUsageEvent,
  readUsageBatch,
  readUsageEvent,
} from './read-usage-event.ts';
export {
  type BilledUsage,
  createRebuild,
  type Rebuild,
  type RebuildReport,
  type RebuiltRow,
} from './rebuild.ts';
export { countTokens, type TokenCounts } from './token-counts.ts';
export { askedUntil, createTotals, type TotalChange, type Totals } from './totals.ts';
export type { StoreReading } from './verify/compare-counters.ts';
export {
  type Finding,
  type InvariantId,
  type InvariantReport,
  type InvariantState,
  invariants,
} from './verify/finding.ts';
export { type SinkMeasure, type SinkSums, type SinkTotals, sinkMeasures } from './verify/sink-watch.ts';
export type { LedgerMessage } from './verify/unit-reader.ts';
export type { UsageMessage } from './verify/usage-queue.ts';
export {
  createVerifier,
  type ReportOptions,
  type VerifiedStream,
  type Verifier,
  type VerifierOptions,
  type VerifyReport,
} from './verify/verifier.ts';
