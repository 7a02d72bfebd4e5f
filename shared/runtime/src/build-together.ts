import { createLocalExchange } from '@weir/messaging';
import type { HealthStatus } from './health.ts';
import { type OpenService, openService } from './open-service.ts';
import { readRuntimeSettings } from './runtime-settings.ts';
import type { Build, ServiceContext } from './service-context.ts';

export interface Part {
  readonly name: string;
  readonly build: Build;
}

const describeStatus = (status: HealthStatus): true | string =>
  status.outcome === 'ready' ||
  Object.entries(status.checks)
    .map(([name, reason]) => `${name}: ${reason}`)
    .join('; ');

/** The whole is ready when each part is, shows the metrics of all, and goes when one cannot go on. */
const adopt = (context: ServiceContext, { context: part }: OpenService): void => {
  context.health.check(part.name, () => describeStatus(part.health.status()));
  context.metrics.include(part.metrics);
  void part.lifecycle.ended.then(() => {
    if (part.lifecycle.failure !== undefined) context.lifecycle.fail(part.lifecycle.failure);
  });
};

/**
 * Several services as one, in one process: each keeps its own name, instance, log, metrics and connections, and what one
 * sends another is handed over without the bus. They stop one after the other in the order given, so those who take
 * requests in come first.
 */
export const buildTogether =
  (parts: readonly Part[]): Build =>
  async (context) => {
    const { env, lifecycle } = context;
    const exchange = createLocalExchange();
    const services: OpenService[] = [];
    const stopAll = async (): Promise<void> => {
      for (const { context: part } of services) await part.lifecycle.shutdown();
    };
    lifecycle.onShutdown('stop-intake', 'services', stopAll, readRuntimeSettings(env).shutdownTimeoutMs);
    for (const { name } of parts) {
      const service = await openService({ name, env, ownsProcess: false, exchange, serveProbes: false });
      services.push(service);
      adopt(context, service);
    }
    // Each waits for what another publishes.
    await Promise.all(parts.map(({ build }, index) => services[index]?.build(build)));
  };
