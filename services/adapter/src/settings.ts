import { type Env, readSettings } from '@weir/runtime';

export interface AdapterSettings {
  /** Serve this pool only, as the agent of a worker does. Absent: every upstream of the configuration. */
  readonly pool: string | undefined;
  /** Serve this target of the pool only. */
  readonly target: string | undefined;
  /** Attempts at once. */
  readonly capacity: number;
  readonly reportIntervalMs: number;
  readonly intentTimeoutMs: number;
  /** Answers that are read to their end at a time although their client is gone, with `onDisconnect: drain`. */
  readonly maxDrains: number;
  /** And for how long each. */
  readonly drainLimitMs: number;
  /** How long attempts may go on after SIGTERM. */
  readonly drainTimeoutMs: number;
  /** Names the installation in usage events; the same for all its processes. */
  readonly source: string;
}

export const parseSettings = (env: Env): AdapterSettings => {
  const settings = readSettings(env);
  const parsed = {
    pool: settings.optionalText('WEIR_ADAPTER_POOL'),
    target: settings.optionalText('WEIR_ADAPTER_TARGET'),
    capacity: settings.integer('WEIR_ADAPTER_CAPACITY', 2_000, { min: 1 }),
    reportIntervalMs: settings.integer('WEIR_REPORT_INTERVAL_MS', 100, { min: 20, max: 1_000 }),
    intentTimeoutMs: settings.integer('WEIR_INTENT_TIMEOUT_MS', 5_000, { min: 100 }),
    maxDrains: settings.integer('WEIR_DISCONNECT_DRAINS', 500),
    drainLimitMs: settings.integer('WEIR_DISCONNECT_DRAIN_MS', 120_000),
    drainTimeoutMs: settings.integer('WEIR_DRAIN_TIMEOUT_MS', 30_000, { min: 0 }),
    source: settings.text('WEIR_SOURCE', '/gateways/weir'),
  };
  if (parsed.target !== undefined && parsed.pool === undefined) {
    settings.reject({
      name: 'WEIR_ADAPTER_TARGET',
      found: 'a target without a pool',
      expected: 'WEIR_ADAPTER_POOL too',
    });
  }
  settings.done();
  return parsed;
};
