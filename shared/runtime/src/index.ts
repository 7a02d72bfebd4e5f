export { buildTogether } from './build-together.ts';
export { type ConfigSource, publishConfig, replicasOf, watchConfig } from './config-source.ts';
export { connectMesh } from './connect-mesh.ts';
export { createGrantSigner, type GrantSigner, loadGrantSecret } from './grant-signer.ts';
export type { Health, HealthCheck, HealthStatus } from './health.ts';
export { createLifecycle, type Lifecycle, type ShutdownPhase, shutdownPhases } from './lifecycle.ts';
export { type LoadedConfig, loadConfig, readConfigText } from './load-config.ts';
export type { Logger } from './logger.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export type { ParentMessage } from './parent-process.ts';
export { type PriceSource, watchPriceBooks } from './price-source.ts';
export { runService } from './run-service.ts';
export type { Build, ServiceContext } from './service-context.ts';
export {
  type Env,
  readSettings,
  SettingsError,
  type SettingsProblem,
  type SettingsReader,
} from './settings.ts';
export { type RunningService, startService } from './start-service.ts';
export { type TenantListener, watchTenantRecords } from './tenant-source.ts';
export { formatTraceparent, parseTraceparent, type TraceParent } from './traceparent.ts';
export {
  passThroughTracer,
  type Span,
  type SpanAttributes,
  type SpanKind,
  type SpanOptions,
  type Tracer,
} from './tracing.ts';
export { createTurnQueue, type TurnQueue } from './turn-queue.ts';
export { untilJetStream } from './until-jetstream.ts';
