import { type Env, readSettings } from './settings.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** What every service reads, whatever it does. */
export interface RuntimeSettings {
  /** 0 takes any free port. */
  readonly healthPort: number;
  readonly healthHost: string;
  readonly logLevel: (typeof logLevels)[number];
  /** Milliseconds from the first signal until the process ends, come what may. */
  readonly shutdownTimeoutMs: number;
  /** Replicas of JetStream's streams and buckets. */
  readonly jetStreamReplicas: number;
}

export const readRuntimeSettings = (env: Env): RuntimeSettings => {
  const settings = readSettings(env);
  const runtimeSettings: RuntimeSettings = {
    healthPort: settings.integer('WEIR_HEALTH_PORT', 9090, { max: 65_535 }),
    healthHost: settings.text('WEIR_HEALTH_HOST', '127.0.0.1'),
    logLevel: settings.choice('WEIR_LOG_LEVEL', 'info', logLevels),
    shutdownTimeoutMs: settings.integer('WEIR_SHUTDOWN_TIMEOUT_MS', 60_000, { min: 1, max: 2_147_483_647 }),
    jetStreamReplicas: settings.integer('WEIR_JS_REPLICAS', 1, { min: 1, max: 5 }),
  };
  settings.done();
  return runtimeSettings;
};
