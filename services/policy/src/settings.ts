import { type Env, readSettings } from '@weir/runtime';

export interface PolicySettings {
  /**
   * Other replicas know the configuration already: a new one joins them when it does too, or after this time,
   * in milliseconds.
   */
  readonly configWaitMs: number;
}

export const parseSettings = (env: Env): PolicySettings => {
  const settings = readSettings(env);
  const parsed = { configWaitMs: settings.integer('WEIR_POLICY_CONFIG_WAIT_MS', 1_000, { max: 60_000 }) };
  settings.done();
  return parsed;
};
