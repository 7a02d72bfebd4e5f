import { type RouteConfig, streams } from '@weir/contracts';
import { createTenantDirectory, type TenantDirectory } from '@weir/limits';
import {
  createLedgerPublisher,
  createLogReader,
  ensureStreams,
  type LogTail,
  type NatsBus,
  openEntryWriter,
  withDeadline,
} from '@weir/messaging';
import {
  type Build,
  type ConfigSource,
  connectMesh,
  replicasOf,
  type ServiceContext,
  untilJetStream,
  watchConfig,
} from '@weir/runtime';
import type { FastifyInstance } from 'fastify';
import { addAuditRoutes, createAuditReader } from './http/audit-routes.ts';
import { type Credential, createAuthenticate } from './http/authenticate.ts';
import { addBudgetRoutes } from './http/budget-routes.ts';
import { addKeyRoutes } from './http/key-routes.ts';
import { addOrgRoutes } from './http/org-routes.ts';
import { addPriceRoutes } from './http/price-routes.ts';
import { buildServer } from './http/server.ts';
import { addTargetRoutes } from './http/target-routes.ts';
import { addTeamRoutes } from './http/team-routes.ts';
import { addTrafficRoutes } from './http/traffic-routes.ts';
import { addUsageRoutes } from './http/usage-routes.ts';
import { type AuditWriter, createAuditWriter } from './projections/audit-writer.ts';
import { type BucketProjectionDeps, startBucketProjection } from './projections/bucket-projection.ts';
import { type Following, keepFollowing } from './projections/keep-following.ts';
import { createReached } from './projections/reached.ts';
import { createTurns } from './projections/turns.ts';
import { startUsageProjection } from './projections/usage-projection.ts';
import { createUsageReader, type UsageReader } from './projections/usage-reader.ts';
import { type AdminSettings, parseSettings, toCredential } from './settings.ts';
import { type AuditedBucket, createAuditedBucket } from './stores/audited-bucket.ts';
import {
  createPriceStore,
  type KeptBooks,
  type PriceStore,
  priceBucket,
  takeBook,
} from './stores/price-store.ts';
import { createTenantStore, type TenantStore, takeTenant, tenantBucket } from './stores/tenant-store.ts';
import { openTrafficStore, type TrafficStore } from './stores/traffic-store.ts';
import { openUsageDatabase } from './stores/usage-database.ts';
import { readTokenFile } from './token-file.ts';

const publishTimeoutMs = 5_000;
const firstReadTimeoutMs = 30_000;
const closeTimeoutMs = 5_000;

const keepGoing = (
  { health, lifecycle, logger }: ServiceContext,
  name: string,
  start: Parameters<typeof keepFollowing>[0]['start'],
): Following => {
  const following = keepFollowing({
    start,
    onTrouble: (error, pauseMs) => logger.warn({ err: error, pauseMs }, `${name} is not being followed`),
  });
  health.check(name, following.status);
  lifecycle.onShutdown('stop-intake', name, () => following.stop(), closeTimeoutMs);
  return following;
};

/** A bucket whose entries are kept here and audited. Resolves when all that was in it has been read. */
const openBucket = async (
  context: ServiceContext,
  input: {
    readonly bus: NatsBus;
    readonly bucket: string;
    readonly audit: AuditWriter;
    readonly take: BucketProjectionDeps['take'];
  },
): Promise<AuditedBucket> => {
  const { bus, bucket, audit, take } = input;
  const { logger } = context;
  const writer = await untilJetStream(context, () =>
    openEntryWriter(bus, { bucket, replicas: replicasOf(context) }),
  );
  const reached = createReached();
  const deps: BucketProjectionDeps = {
    bus,
    bucket,
    audit,
    take,
    onUnreadable: (revision, problem) => logger.error({ bucket, revision, problem }, 'entry refused'),
    onReached: reached.advance,
  };
  const begun = Promise.withResolvers<LogTail>();
  keepGoing(context, bucket, async (onEnd) => {
    const tail = await startBucketProjection(deps, onEnd);
    begun.resolve(tail);
    return tail;
  });
  const { info } = await withDeadline(begun.promise, firstReadTimeoutMs, `bucket ${bucket}`);
  if (!(await reached.until(info.last, firstReadTimeoutMs)))
    logger.warn({ bucket }, 'the bucket is not read yet');
  return createAuditedBucket(writer, reached);
};

const openUsage = (context: ServiceContext, bus: NatsBus, settings: AdminSettings): UsageReader => {
  const { logger, lifecycle, metrics } = context;
  const turns = createTurns();
  const database = openUsageDatabase(settings.databaseFile, (error) =>
    logger.warn({ err: error, file: settings.databaseFile }, 'the usage database is begun anew'),
  );
  lifecycle.onShutdown('final', 'usage database', () => database.close());
  keepGoing(context, 'ledger', (onEnd) =>
    startUsageProjection(
      {
        bus,
        database,
        turns,
        onUnreadable: (sequence, problem) => logger.error({ sequence, problem }, 'ledger record refused'),
        onReset: (why) => logger.warn({ why }, 'the usage database is begun anew'),
      },
      onEnd,
    ),
  );
  metrics.gauge('weir_admin_ledger_sequence', 'Ledger sequence that usage is known up to.', [], (gauge) =>
    gauge.set(database.watermark.sequence),
  );
  return createUsageReader(database, turns);
};

const credentialsOf = async (
  { logger }: ServiceContext,
  { credentials, tokenFile }: AdminSettings,
): Promise<readonly Credential[]> => {
  if (tokenFile === undefined) return credentials;
  const { token, drawn } = await readTokenFile(tokenFile);
  if (drawn) logger.info({ file: tokenFile }, 'an admin token was drawn');
  return [toCredential('admin', token), ...credentials];
};

interface Parts {
  readonly bus: NatsBus;
  readonly config: ConfigSource;
  readonly directory: TenantDirectory;
  readonly tenants: TenantStore;
  readonly prices: PriceStore;
  readonly usage: UsageReader;
  readonly traffic: TrafficStore;
  readonly credentials: readonly Credential[];
}

const buildHttp = (context: ServiceContext, parts: Parts): FastifyInstance => {
  const { health, lifecycle, logger, metrics, now } = context;
  const { bus, config, directory } = parts;
  const routes = (): readonly RouteConfig[] => config.current?.routes ?? [];
  const answers = metrics.counter('weir_admin_requests_total', 'Requests of the admin API.', [
    'method',
    'status',
  ]);
  return buildServer({
    authenticate: createAuthenticate(parts.credentials),
    notReady: () => {
      if (lifecycle.stopSignal.aborted) return { lifecycle: 'shutting down' };
      const status = health.status();
      return status.outcome === 'ready' ? undefined : status.checks;
    },
    onAnswered: (request, reply, caller) => {
      const { method } = request;
      answers.inc({ method, status: String(reply.statusCode) });
      const path = request.routeOptions.url ?? '';
      if (path.startsWith('/v1'))
        logger.info({ method, path, status: reply.statusCode, caller, request: request.id }, 'admin request');
    },
    onBug: (error, request) => logger.error({ err: error, request: request.id }, 'admin request failed'),
    addRoutes: (app, callerOf) => {
      const deps = { store: parts.tenants, now, callerOf };
      addOrgRoutes(app, deps);
      addTeamRoutes(app, deps);
      addKeyRoutes(app, deps);
      addAuditRoutes(app, createAuditReader(bus));
      addUsageRoutes(app, parts.usage);
      addBudgetRoutes(app, { bus, directory, routes, now });
      addTargetRoutes(app, bus);
      addTrafficRoutes(app, { store: parts.traffic, routes, now });
      addPriceRoutes(app, { store: parts.prices, pricing: () => config.current?.pricing, now, callerOf });
    },
  });
};

const listen = async (app: FastifyInstance, { host, port }: AdminSettings): Promise<void> => {
  try {
    await app.listen({ host, port });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new Error(`port ${port} of ${host} is in use; set WEIR_ADMIN_PORT to a free one`);
    }
    throw error;
  }
};

const openAudit = (context: ServiceContext, bus: NatsBus, source: string): AuditWriter => {
  const onError = (error: unknown): void => context.logger.error({ err: error }, 'audit');
  return createAuditWriter({
    publisher: createLedgerPublisher(bus, publishTimeoutMs, onError),
    reader: createLogReader(bus, streams.audit),
    source,
  });
};

/** Admin: who may call, what was used, what it costs. */
export const build: Build = async (context) => {
  const settings = parseSettings(context.env);
  const credentials = await credentialsOf(context, settings);
  const bus = await connectMesh(context, 'admin');
  await untilJetStream(context, () => ensureStreams(bus, { replicas: replicasOf(context) }));
  const directory = createTenantDirectory();
  const config = await watchConfig(context, bus);
  config.onChange((next) => directory.applyConfig(next));
  const audit = openAudit(context, bus, settings.source);
  const books: KeptBooks = new Map();
  const keys = await openBucket(context, {
    bus,
    bucket: tenantBucket,
    audit,
    take: (_key, value, revision) => takeTenant(directory, value, revision),
  });
  const prices = await openBucket(context, {
    bus,
    bucket: priceBucket,
    audit,
    take: (key, value, revision) => takeBook(books, key, value, revision),
  });
  const app = buildHttp(context, {
    bus,
    config,
    directory,
    tenants: createTenantStore(directory, keys),
    prices: createPriceStore(books, prices, () => bus.maxPayloadBytes),
    usage: openUsage(context, bus, settings),
    traffic: await openTrafficStore(context, bus),
    credentials,
  });
  await listen(app, settings);
  context.logger.info({ address: app.server.address() }, 'listening');
  context.lifecycle.onShutdown('stop-intake', 'listener', () => app.close(), closeTimeoutMs);
};
