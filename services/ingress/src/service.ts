import { hash, randomBytes } from 'node:crypto';
import { Server } from 'node:net';
import { type HttpListenerConfig, subjects } from '@weir/contracts';
import {
  createBodyServer,
  createHoldNotices,
  createReplyInbox,
  type NatsBus,
  replySettings,
} from '@weir/messaging';
import { compileRoutes, type RouteTable, trafficHeaders } from '@weir/routing';
import {
  type Build,
  type ConfigSource,
  connectMesh,
  createTurnQueue,
  loadConfig,
  publishConfig,
  type ServiceContext,
  watchConfig,
} from '@weir/runtime';
import type { FastifyInstance } from 'fastify';
import { type AccessLog, createAccessLog } from './access-log.ts';
import { createHeaderPicker } from './core/client-headers.ts';
import { decideLimitNeeds } from './core/limit-needs.ts';
import { defaultTiming } from './core/request-timing.ts';
import { createResubmitBudget } from './core/resubmit-budget.ts';
import { createSessionNames } from './core/session-names.ts';
import { createHeldBytes } from './held-bytes.ts';
import { createInferenceHandler } from './http/inference-route.ts';
import { listen } from './http/listen.ts';
import { buildServer } from './http/server.ts';
import { createRelay, type Relay } from './relay.ts';
import { type IngressSettings, parseSettings } from './settings.ts';
import { createTokenCounting } from './token-counting.ts';

const tickMs = 100;
const configTimeoutMs = 30_000;

/** The first revision decides the listener; later ones swap routes only. */
const firstConfig = (config: ConfigSource): Promise<HttpListenerConfig> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`no configuration was published within ${configTimeoutMs} ms; set WEIR_CONFIG`)),
      configTimeoutMs,
    );
    config.onChange((next) => {
      clearTimeout(timer);
      resolve(next.listeners.http);
    });
  });

const publishOwnConfig = async (context: ServiceContext, bus: NatsBus, path: string): Promise<void> => {
  const loaded = await loadConfig(path, context.env);
  if (loaded.outcome === 'failed') throw new Error(loaded.message);
  await publishConfig(context, bus, loaded.config);
};

const startRelay = async (context: ServiceContext, bus: NatsBus): Promise<Relay> => {
  const { instance, lifecycle, logger, metrics, now } = context;
  const bulk = await connectMesh(context, 'bulk');
  const resubmissions = metrics.counter(
    'weir_ingress_resubmissions_total',
    'Envelopes that were submitted again.',
  );
  const inbox = createReplyInbox({
    bus,
    instance,
    onMalformed: (problem) => logger.error({ problem }, 'malformed packet'),
  });
  const bodies = createBodyServer(bulk, instance);
  const accounts = createTurnQueue({
    perTurn: 64,
    onError: (error) => logger.error({ err: error }, 'account of a request failed'),
  });
  const holds = createHoldNotices(bus);
  const relay = createRelay({
    instance,
    bus,
    holds,
    inbox,
    bodies,
    timing: defaultTiming,
    budget: createResubmitBudget(),
    now,
    onResubmit: () => resubmissions.inc(),
    later: accounts.add,
    onBug: (error, request) => logger.error({ err: error, request }, 'relay failed'),
  });
  bus.subscribe(subjects.hops(instance), (message) => relay.onHop(message));
  bus.onStatus((status) => {
    if (status === 'connected') relay.reconnected();
  });
  const tick = setInterval(() => relay.tick(), tickMs);
  const keepAlive = setInterval(() => relay.keepAlive(), replySettings.keepAliveMs);
  lifecycle.onShutdown('disconnect', 'relay timers', () => {
    clearInterval(tick);
    clearInterval(keepAlive);
    holds.flush();
  });
  metrics.gauge('weir_ingress_in_flight', 'Requests under way.', [], (gauge) => gauge.set(relay.size));
  metrics.gauge('weir_ingress_reply_streams', 'Reply streams open.', [], (gauge) => gauge.set(inbox.size));
  metrics.gauge('weir_ingress_bodies', 'Large bodies on offer.', [], (gauge) => gauge.set(bodies.size));
  return relay;
};

interface HttpInput {
  readonly context: ServiceContext;
  readonly settings: IngressSettings;
  readonly listener: HttpListenerConfig;
  readonly config: ConfigSource;
  readonly relay: Relay;
  readonly accessLog: AccessLog;
}

/** See `ClientInfo.sessions`. */
const digestSession = (value: string): string => hash('sha256', value, 'base64url').slice(0, 22);

const newSession = (): string => randomBytes(16).toString('base64url');

const buildHttp = ({ context, settings, listener, config, relay, accessLog }: HttpInput): FastifyInstance => {
  const { instance, health, lifecycle, logger, metrics, now, tracer } = context;
  const held = createHeldBytes(settings.maxHeldBytes);
  metrics.gauge('weir_ingress_held_bytes', 'Bytes of request bodies held.', [], (gauge) =>
    gauge.set(held.bytes),
  );
  const counting = createTokenCounting(settings.countTokens, (error) =>
    logger.error({ err: error }, 'tokenizer not loaded; tokens are estimated from characters'),
  );
  let table: RouteTable | undefined;
  let pickHeaders = createHeaderPicker({ upstreams: {} });
  let sketchesPrefixes = false;
  let nameSessions = createSessionNames({ upstreams: {} }, digestSession, newSession);
  config.onChange((next) => {
    table = compileRoutes(next);
    pickHeaders = createHeaderPicker(next, [...decideLimitNeeds(next).headers, ...trafficHeaders(next)]);
    nameSessions = createSessionNames(next, digestSession, newSession);
    sketchesPrefixes = Object.values(next.upstreams).some(({ strategy }) => strategy === 'prefix');
    counting.apply(next);
  });
  const handle = createInferenceHandler({
    reader: {
      instance,
      now,
      inlineBytes: settings.inlineBytes,
      maxDepth: listener.jsonDepthLimit,
      requestTimeoutMs: listener.requestTimeoutMs,
      counting,
      pickHeaders: (headers) => pickHeaders(headers),
      nameSessions: (request) => nameSessions(request),
      sketchesPrefixes: () => sketchesPrefixes,
    },
    relay,
    tracer,
    table: () => table,
    holdBody: held.hold,
    releaseBody: held.release,
    isDraining: () => lifecycle.stopSignal.aborted,
    onEnd: (exchange, span) => {
      const { error } = exchange.summary;
      span.end(error ? { error: error.reason } : {});
      accessLog.ended(exchange);
    },
  });
  return buildServer({
    listener,
    now,
    handle,
    notReady: () => {
      const status = health.status();
      if (lifecycle.stopSignal.aborted) return { lifecycle: 'shutting down' };
      return status.outcome === 'ready' ? undefined : status.checks;
    },
    onRefused: accessLog.refused,
  });
};

/** The ingress: owns the clients' connections and nothing else. */
export const build: Build = async (context) => {
  const { lifecycle, logger } = context;
  const settings = parseSettings(context.env);
  const bus = await connectMesh(context, 'frames');
  if (settings.configPath !== undefined) await publishOwnConfig(context, bus, settings.configPath);
  const config = await watchConfig(context, bus);
  const listener = await firstConfig(config);
  const relay = await startRelay(context, bus);
  const accessLog = createAccessLog({
    logger,
    metrics: context.metrics,
    now: context.now,
    enabled: () => config.current?.observability.accessLog ?? true,
  });
  const app = buildHttp({ context, settings, listener, config, relay, accessLog });
  const host = settings.host ?? listener.host;
  const port = settings.port ?? listener.port;
  await listen(app, { host, port, reusePort: settings.reusePort });
  logger.info({ address: app.server.address() }, 'listening');

  lifecycle.onShutdown(
    'stop-intake',
    'listener',
    async () => {
      await new Promise((resolve) => setTimeout(resolve, settings.lameDuckMs));
      // Behind what this turn accepts: a connection that still waited for that would be reset.
      await new Promise(setImmediate);
      stopListening(app.server);
    },
    settings.lameDuckMs + 1_000,
  );
  lifecycle.onShutdown(
    'drain',
    'requests',
    () => untilQuiet(relay, settings.drainTimeoutMs, Math.min(settings.lameDuckMs, longestQuietMs)),
    settings.drainTimeoutMs + 1_000,
  );
  lifecycle.onShutdown('disconnect', 'connections', () => {
    app.server.close();
    app.server.closeAllConnections();
  });
};

/**
 * Takes no more connections. The HTTP server's own `close` would cut those that are idle at that moment, under the next
 * request of clients that nobody has told to go: the head of their last answer had left before the shutdown began.
 */
const stopListening = (server: Server): void => {
  Server.prototype.close.call(server);
};

const longestQuietMs = 250;

/** Nothing is under way, and for a while nothing came: what still comes is answered, and told to close its connection. */
const untilQuiet = async (relay: Relay, timeoutMs: number, quietMs: number): Promise<void> => {
  const until = performance.now() + timeoutMs;
  let quietSince = performance.now();
  while (performance.now() < until) {
    if (relay.size > 0) quietSince = performance.now();
    else if (performance.now() - quietSince >= quietMs) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
