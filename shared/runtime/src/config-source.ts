import { buckets, parseConfig, type WeirConfig } from '@weir/contracts';
import { type NatsBus, putIfChanged, type WatchedValue, watchKey } from '@weir/messaging';
import type { Logger } from './logger.ts';
import { readRuntimeSettings } from './runtime-settings.ts';
import type { ServiceContext } from './service-context.ts';
import { untilJetStream } from './until-jetstream.ts';

const configKey = 'current';

/** The configuration that is in force, as published in key-value. */
export interface ConfigSource {
  /** Undefined until the first revision has arrived. */
  readonly current: WeirConfig | undefined;
  readonly revision: number;
  /** Called at once when there is one, and with each later revision. */
  onChange(listener: (config: WeirConfig, revision: number) => void): void;
}

/** Publishes a configuration for every service of the mesh, unless it is in force already. */
export const publishConfig = async (
  context: Pick<ServiceContext, 'env' | 'now'> & { readonly logger: Pick<Logger, 'info' | 'warn'> },
  bus: NatsBus,
  config: WeirConfig,
): Promise<void> => {
  const target = { bucket: buckets.config, key: configKey, replicas: replicasOf(context) };
  const outcome = await untilJetStream(context, () => putIfChanged(bus, target, JSON.stringify(config)));
  context.logger.info({ outcome }, 'configuration published');
};

/** Replicas of streams and buckets: 1 on a single server, 3 on a cluster. */
export const replicasOf = ({ env }: Pick<ServiceContext, 'env'>): number =>
  readRuntimeSettings(env).jetStreamReplicas;

/** Follows the configuration. A revision that does not parse is reported and the last good one stays in force. */
export const watchConfig = async (context: ServiceContext, bus: NatsBus): Promise<ConfigSource> => {
  const listeners: ((config: WeirConfig, revision: number) => void)[] = [];
  let current: WeirConfig | undefined;
  let revision = 0;
  const take = (entry: WatchedValue): void => {
    const parsed = parseConfig(JSON.parse(entry.value));
    if (parsed.outcome === 'invalid') {
      context.logger.error({ revision: entry.revision, problems: parsed.problems }, 'configuration refused');
      return;
    }
    current = parsed.config;
    revision = entry.revision;
    context.logger.info({ revision }, 'configuration in force');
    for (const listener of listeners) listener(parsed.config, entry.revision);
  };
  const target = { bucket: buckets.config, key: configKey, replicas: replicasOf(context) };
  const onError = (error: unknown): void => context.logger.error({ err: error }, 'configuration watch');
  const watcher = await untilJetStream(context, () => watchKey(bus, target, take, onError));
  context.lifecycle.onShutdown('disconnect', 'configuration watch', async () => watcher.stop(), 1_000);
  context.health.check('config', () => current !== undefined || 'no configuration has been published yet');
  return {
    get current() {
      return current;
    },
    get revision() {
      return revision;
    },
    onChange: (listener) => {
      listeners.push(listener);
      if (current) listener(current, revision);
    },
  };
};
