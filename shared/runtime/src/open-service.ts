import { randomInt } from 'node:crypto';
import type { LocalExchange } from '@weir/messaging';
import { createHealth } from './health.ts';
import { startHealthServer } from './health-server.ts';
import { createLifecycle } from './lifecycle.ts';
import { createLogger, flushLogger, type Logger, openStdout } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { type RuntimeSettings, readRuntimeSettings } from './runtime-settings.ts';
import type { Build, ServiceContext } from './service-context.ts';
import type { Env } from './settings.ts';
import { createTracer } from './tracing.ts';

/** A service that answers health probes but was not built yet. */
export interface OpenService {
  readonly context: ServiceContext;
  readonly settings: RuntimeSettings;
  /** 0: whoever shares the process answers for it. */
  readonly healthPort: number;
  /** Throws what `build` throws and closes nothing. */
  readonly build: (build: Build) => Promise<void>;
}

const instanceAlphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** For what is only told about the work: it must not hold up the end of the process. */
const telemetryTimeoutMs = 2_000;

const createInstance = (name: string): string =>
  `${name}-${Array.from({ length: 8 }, () => instanceAlphabet[randomInt(instanceAlphabet.length)]).join('')}`;

const createContext = async (input: {
  name: string;
  env: Env;
  logger: Logger | undefined;
  logLevel: string;
  ownsProcess: boolean;
  exchange: LocalExchange | undefined;
}): Promise<ServiceContext> => {
  const { name, env } = input;
  const instance = createInstance(name);
  const logger =
    input.logger ??
    createLogger({ service: name, instance, level: input.logLevel, destination: openStdout() });
  const lifecycle = createLifecycle(logger);
  lifecycle.onShutdown('final', 'log', () => flushLogger(logger), telemetryTimeoutMs);
  const metrics = createMetrics({ service: name, ownsProcess: input.ownsProcess });
  lifecycle.onShutdown('final', 'metrics', metrics.close);
  const { tracer, close: closeTracer } = await createTracer({ service: name, instance, env, logger });
  lifecycle.onShutdown('final', 'tracer', closeTracer, telemetryTimeoutMs);
  const health = createHealth();
  health.check('shutdown', () => (lifecycle.stopSignal.aborted ? 'the service is shutting down' : true));
  return {
    name,
    instance,
    env,
    logger,
    metrics,
    tracer,
    now: Date.now,
    health,
    lifecycle,
    ...(input.exchange === undefined ? {} : { exchange: input.exchange }),
  };
};

const serveProbes = async (context: ServiceContext, settings: RuntimeSettings): Promise<number> => {
  const { health, lifecycle, metrics } = context;
  const server = await startHealthServer({
    host: settings.healthHost,
    port: settings.healthPort,
    health,
    metrics,
  }).catch(async (error: unknown) => {
    await lifecycle.shutdown();
    throw error;
  });
  lifecycle.onShutdown('final', 'health server', server.close);
  return server.port;
};

export const openService = async (input: {
  name: string;
  env: Env;
  logger?: Logger | undefined;
  ownsProcess: boolean;
  exchange?: LocalExchange;
  /** Whether it has a health server. */
  serveProbes?: boolean;
}): Promise<OpenService> => {
  const { name, env, logger, ownsProcess, exchange } = input;
  const settings = readRuntimeSettings(env);
  const { logLevel } = settings;
  const context = await createContext({ name, env, logger, logLevel, ownsProcess, exchange });
  let built = false;
  context.health.check('start', () => built || 'the service is starting');
  const healthPort = input.serveProbes === false ? 0 : await serveProbes(context, settings);
  return {
    context,
    settings,
    healthPort,
    build: async (build) => {
      await build(context);
      built = true;
    },
  };
};
