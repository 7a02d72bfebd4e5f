import { buckets, parseConfig, type WeirConfig } from '@weir/contracts';
import { watchKey, withDeadline } from '@weir/messaging';
import { type CommandContext, CommandFailure } from '../command.ts';

const readTimeoutMs = 5_000;

/** The configuration that every service has taken up. @throws CommandFailure when this version cannot read it */
export const readConfigInForce = async (context: Pick<CommandContext, 'bus'>): Promise<WeirConfig> => {
  const bus = await context.bus();
  const target = { bucket: buckets.config, key: 'current', replicas: 1 };
  const found = Promise.withResolvers<string>();
  const watcher = await watchKey(bus, target, ({ value }) => found.resolve(value), found.reject);
  try {
    const text = await withDeadline(found.promise, readTimeoutMs, 'the configuration in force');
    const parsed = parseConfig(JSON.parse(text));
    if (parsed.outcome === 'valid') return parsed.config;
    throw new CommandFailure('the configuration in force is of another version of Weir');
  } finally {
    watcher.stop();
  }
};
