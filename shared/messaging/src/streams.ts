import { type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { streams } from '@weir/contracts';
import type { NatsBus } from './nats-bus.ts';
import { type StreamSettings, type StreamWeakness, streamSettings, weaknessesOf } from './stream-settings.ts';

export interface StreamOptions {
  /** Of the streams that are created here: 1 on a single server, 3 on a cluster. */
  readonly replicas: number;
  /** Told once for each setting that is weaker than money needs it. */
  readonly onWeakness?: (weakness: StreamWeakness) => void;
  /** Weak settings are refused. Default false. */
  readonly requireDurable?: boolean;
}

const create = async (manager: JetStreamManager, settings: StreamSettings): Promise<StreamConfig> => {
  try {
    return (await manager.streams.add(settings)).config;
  } catch (error) {
    // Another replica may have been quicker.
    const info = await manager.streams.info(settings.name).catch(() => {
      throw error;
    });
    return info.config;
  }
};

/** What Weir cannot work without, as opposed to what it would rather have. */
const assertUsable = (found: StreamConfig): void => {
  const demands: [string, boolean][] = [
    ['allow_direct', found.allow_direct],
    ['allow_atomic', found.name !== streams.ledger || found.allow_atomic === true],
    ['discard_new_per_subject', found.name !== streams.alerts || found.discard_new_per_subject],
  ];
  const missing = demands.filter(([, holds]) => !holds).map(([setting]) => setting);
  if (missing.length > 0)
    throw new Error(`stream ${found.name} must have ${missing.join(' and ')} on: change its settings`);
};

const assertDurable = (weaknesses: readonly StreamWeakness[], options: StreamOptions): void => {
  for (const weakness of weaknesses) options.onWeakness?.(weakness);
  if (options.requireDurable && weaknesses.length > 0) {
    const findings = weaknesses.map(({ stream, finding }) => `${stream}: ${finding}`);
    throw new Error(`streams are weaker than is required: ${findings.join('; ')}`);
  }
};

/**
 * Creates the streams that do not exist yet. One that exists is left as it is: its settings are the operator's.
 * Resolves when JetStream has answered; rejects when it is not there, or when a stream cannot be worked with.
 */
export const ensureStreams = async (bus: NatsBus, options: StreamOptions): Promise<void> => {
  const manager = await jetstreamManager(bus.connection, { timeout: 5_000 });
  const existing = new Map<string, StreamConfig>();
  for await (const { config } of manager.streams.list()) existing.set(config.name, config);
  const found: StreamConfig[] = [];
  for (const settings of streamSettings(options.replicas)) {
    const config = existing.get(settings.name) ?? (await create(manager, settings));
    assertUsable(config);
    found.push(config);
  }
  // A server on its own names no cluster.
  const hasPeers = bus.connection.info?.cluster !== undefined;
  const weaknesses = found.flatMap((config) => weaknessesOf(config, hasPeers));
  assertDurable(weaknesses, options);
};
